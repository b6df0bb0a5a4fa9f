/** `epistle check`. */
import { dnsNetPermissions, nameServers } from "#src/dns/name_servers.ts";
import { isOlder } from "#src/net/runtime_support.ts";
import type { Configuration } from "#src/module/configuration.ts";
import { makePlan, type WorkerPlan } from "#src/worker/plan.ts";
import { OK } from "../exit_code.ts";
import { load } from "../load.ts";
import { defineSubcommand } from "../subcommand.ts";
import { formatTable } from "../table.ts";
import { SHARED_PORT_DENO } from "../version.ts";

export const check = defineSubcommand({
  name: "check",
  summary: "Verify the configuration without starting anything.",
  options: {
    permissions: {
      type: "boolean",
      doc: "Print what each worker may do.",
    },
  },
  async run(context) {
    const configuration = await load(context);
    const { terminal, json } = context;
    const { workers } = planOf(configuration);
    if (context.options.permissions === true) {
      terminal.out(
        json ? `${JSON.stringify(workers)}\n` : formatPermissions(workers),
      );
      return OK;
    }
    const instances = [...configuration.instances.keys()];
    terminal.out(
      json
        ? `${JSON.stringify({ ok: true, instances })}\n`
        : `The configuration is right: ${instances.length} instances in ${workers.length} workers.\n`,
    );
    return OK;
  },
});

/** The workers of a configuration on this machine. */
export function planOf(
  configuration: Configuration,
): ReturnType<typeof makePlan> {
  const servers = nameServers(configuration.globals.dns);
  return makePlan(configuration, {
    dnsNet: dnsNetPermissions(servers),
    ...(isOlder(Deno.version.deno, SHARED_PORT_DENO)
      ? { maxEndpoints: 1 }
      : {}),
  });
}

/** One line for each thing that a worker may do; equal workers share them. */
function formatPermissions(workers: readonly WorkerPlan[]): string {
  const rows: string[][] = [];
  for (const { name, instances, permissions } of grouped(workers)) {
    const add = (what: string, values: readonly string[]): void => {
      for (const value of values) rows.push([name, what, value]);
    };
    add("runs", [instances.join(" ")]);
    add("net", permissions.net.map((a) => a === "*" ? "every address" : a));
    add("read", permissions.read);
    add("write", permissions.write);
    add("env", permissions.env);
    add("sys", permissions.sys);
  }
  // The name of a worker stands once.
  let last = "";
  for (const row of rows) {
    if (row[0] === last) row[0] = "";
    else last = row[0] ?? "";
  }
  return formatTable(["WORKER", "MAY", "WHAT"], rows) +
    "\nNo worker may run programs, load native libraries or read the environment beyond this.\n";
}

/** Workers of a kind are alike: the first stands for all. */
function grouped(workers: readonly WorkerPlan[]): readonly WorkerPlan[] {
  const shown: WorkerPlan[] = [];
  for (const kind of new Set(workers.map((worker) => worker.kind))) {
    const alike = workers.filter((worker) => worker.kind === kind);
    if (kind === "sandbox" || alike.length === 1) shown.push(...alike);
    else if (alike[0] !== undefined) {
      shown.push({ ...alike[0], name: `${kind} x ${alike.length}` });
    }
  }
  return shown;
}
