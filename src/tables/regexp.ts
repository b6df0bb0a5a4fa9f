/** `regexp`: a table of expressions; the first one that matches gives values. */
import type { ConfigOf, Directive } from "#src/config/directive.ts";
import { ConfigError } from "#src/config/errors.ts";
import { parsePattern } from "#src/config/pattern.ts";
import { defineModule } from "#src/module/define.ts";
import type { Table } from "#src/module/roles/table.ts";

/** One line. Plain data. */
interface Rule {
  readonly source: string;
  readonly flags: string;
  readonly values: readonly string[];
}

/** `match /EXPRESSION/ VALUE...`. */
const rules: Directive<readonly Rule[]> = {
  doc: "An expression with its values, in which $1 is what its first group " +
    "matched.",
  syntax: "/EXPRESSION/ [VALUE...]",
  defaultText: "none",
  repeatable: true,
  absent: () => [],
  parse: (nodes) =>
    nodes.map((node): Rule => {
      const [expression, ...values] = node.args;
      const pattern = expression && parsePattern(expression);
      if (pattern?.kind !== "expression" || node.block !== undefined) {
        throw new ConfigError(
          expression?.at ?? node.at,
          '"match" needs an expression',
          "Write it as: match /^(.*)@old\\.example$/ $1@new.example",
        );
      }
      const { source, flags } = pattern;
      return { source, flags, values: values.map(({ text }) => text) };
    }),
};

const config = { match: rules };

/** Module `regexp`. */
export const regexp = defineModule({
  name: "regexp",
  version: "1.0.0",
  doc:
    "A table of regular expressions; the first one that matches decides.\n\n" +
    "Expressions match in part (write ^ and $ for the whole key) and without " +
    "regard to case. `$1` to `$9` in a value stand for groups.",
  roles: ["table"],
  home: "user",
  config,
  permissions: () => ({}),
  create: (config) => ({ table: new RegexpTable(config) }),
});

/** Keys are addresses and domains; longer ones are an attempt at something. */
const MAX_KEY = 1000;

class RegexpTable implements Table {
  readonly #rules: readonly {
    readonly expression: RegExp;
    readonly values: readonly string[];
  }[];

  constructor({ match }: ConfigOf<typeof config>) {
    this.#rules = match.map(({ source, values }) => ({
      expression: new RegExp(source, "iu"),
      values,
    }));
  }

  lookup(key: string): Promise<readonly string[] | undefined> {
    if (key.length > MAX_KEY) return Promise.resolve(undefined);
    for (const { expression, values } of this.#rules) {
      const match = expression.exec(key);
      if (match === null) continue;
      return Promise.resolve(
        values.map((value) =>
          value.replace(
            /\$([1-9])/g,
            (_whole, n: string) => match[Number.parseInt(n, 10)] ?? "",
          )
        ),
      );
    }
    return Promise.resolve(undefined);
  }
}
