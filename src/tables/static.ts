/** `static`: a table written in the configuration. */
import { ConfigError } from "#src/config/errors.ts";
import type { ConfigOf, Directive } from "#src/config/directive.ts";
import { defineModule } from "#src/module/define.ts";
import type { Table } from "#src/module/roles/table.ts";

type Entries = readonly (readonly [string, readonly string[]])[];

/** `entry KEY VALUE...`; the same key again adds values. */
const entries: Directive<Entries> = {
  doc: "A key with its values; none says that the key is there.",
  syntax: "KEY [VALUE...]",
  defaultText: "none",
  repeatable: true,
  absent: () => [],
  parse: (nodes) =>
    nodes.map((node) => {
      const [key, ...values] = node.args;
      if (key === undefined || node.block !== undefined) {
        throw new ConfigError(
          node.at,
          '"entry" needs a key',
          "Write it as: entry KEY VALUE...",
        );
      }
      return [key.text.toLowerCase(), values.map(({ text }) => text)] as const;
    }),
};

const config = { entry: entries };

/** Module `static`. */
export const staticTable = defineModule({
  name: "static",
  version: "1.0.0",
  doc: "A table written in the configuration.\n\n" +
    "Keys are compared without regard to case.",
  roles: ["table"],
  home: "user",
  config,
  permissions: () => ({}),
  create: (config) => ({ table: new StaticTable(config) }),
});

class StaticTable implements Table {
  readonly #values = new Map<string, readonly string[]>();

  constructor({ entry }: ConfigOf<typeof config>) {
    for (const [key, values] of entry) {
      this.#values.set(key, [...this.#values.get(key) ?? [], ...values]);
    }
  }

  lookup(key: string): Promise<readonly string[] | undefined> {
    return Promise.resolve(this.#values.get(key.toLowerCase()));
  }
}
