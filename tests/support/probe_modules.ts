/**
 * Modules for tests of the process model: `keeper` lives in the storage worker
 * and `visitor` in the endpoint workers; both try what they are told to.
 */
import { path } from "#src/config/places.ts";
import { type AnyModule, defineModule } from "#src/module/define.ts";
import type { Host } from "#src/module/host.ts";
import { ref } from "#src/module/ref.ts";
import type { Admin } from "#src/module/roles/admin.ts";
import type { Table } from "#src/module/roles/table.ts";

/** Tries things that need permissions; says what came of them. */
class Prober implements Admin, Table {
  readonly #host: Host;
  readonly #table: (() => Table) | undefined;

  constructor(host: Host, table?: () => Table) {
    this.#host = host;
    this.#table = table;
  }

  async call(
    command: string,
    args: Readonly<Record<string, unknown>>,
  ): Promise<unknown> {
    switch (command) {
      case "connect":
        return await attempt(async () => {
          const port = Number(args["port"]);
          (await Deno.connect({ hostname: "127.0.0.1", port })).close();
        });
      case "listen":
        return await attempt(() =>
          Promise.resolve(
            Deno.listen({ hostname: "127.0.0.1", port: Number(args["port"]) })
              .close(),
          )
        );
      case "read":
        return await attempt(() => Deno.readTextFile(String(args["path"])));
      case "write":
        return await attempt(() =>
          Deno.writeTextFile(String(args["path"]), "x")
        );
      case "lookup":
        return await this.#table?.().lookup(String(args["key"]));
      case "crash":
        setTimeout(() => {
          throw new Error("crashed as told");
        }, 0);
        return;
      default:
        return { worker: this.#host.worker };
    }
  }

  lookup(key: string): Promise<readonly string[]> {
    return Promise.resolve([this.#host.worker, key]);
  }
}

async function attempt(work: () => Promise<unknown>): Promise<string> {
  try {
    await work();
    return "done";
  } catch (error) {
    return error instanceof Error ? error.name : String(error);
  }
}

const keeper = defineModule({
  name: "keeper",
  version: "1.0.0",
  doc: "Keeps a folder.",
  roles: ["table", "admin"],
  home: "storage",
  config: { folder: path({ doc: "What it may read and write." }) },
  permissions: ({ folder }) => ({ read: [folder], write: [folder] }),
  prepare: ({ folder }) => Deno.mkdir(folder, { recursive: true }),
  create(_config, host) {
    const prober = new Prober(host);
    return { table: prober, admin: prober };
  },
});

const visitor = defineModule({
  name: "visitor",
  version: "1.0.0",
  doc: "Stands for an endpoint.",
  roles: ["endpoint", "admin"],
  home: "endpoint",
  listens: true,
  config: { keeper: ref("table", { doc: "The keeper." }) },
  permissions: () => ({}),
  create(config, host) {
    const admin = new Prober(host, () => host.use(config.keeper));
    return { endpoint: { addresses: [] }, admin };
  },
});

/** The list for `Registry.from`. */
export const PROBE_MODULES: readonly AnyModule[] = [keeper, visitor];
