/**
 * The steps of a pipeline as plain data: what `steps()` reads from the
 * configuration and `compilePipeline` makes ready to run.
 */
import type { Cidr } from "#src/config/cidr.ts";
import type { Position } from "#src/config/node.ts";
import type { Pattern } from "#src/config/pattern.ts";
import type { Ref } from "#src/module/ref.ts";
import type { Detail, FailureCode } from "#src/smtp/reply.ts";

/** What `match` compares. */
export const MATCH_VALUES = [
  "rcpt",
  "rcpt-domain",
  "from",
  "from-domain",
  "src-ip",
  "src-hostname",
  "auth-user",
  "header",
  "tls",
  "local",
] as const;
export type MatchValue = (typeof MATCH_VALUES)[number];

/** One pattern of a `match`. */
export type StepPattern =
  | Pattern
  | { readonly kind: "table"; readonly table: Ref<"table"> }
  | { readonly kind: "network"; readonly network: Cidr };

/** `match [no] VALUE PATTERN...`; holds when one pattern does. */
export interface Condition {
  readonly negate: boolean;
  readonly value: MatchValue;
  /** Name of the field in lower case; only with `header`. */
  readonly field?: string;
  /** None: the value has to be there (`header`, `auth-user`), `tls`, `local`. */
  readonly patterns: readonly StepPattern[];
}

/** One step; `at` is where it stands in the configuration. */
export type Step =
  & { readonly at: Position }
  & (
    | {
      readonly kind: "filter";
      readonly filter: Ref<"filter">;
      readonly options: Readonly<Record<string, unknown>>;
    }
    | {
      readonly kind: "delivery";
      readonly delivery: Ref<"delivery">;
      readonly options: Readonly<Record<string, unknown>>;
    }
    | {
      readonly kind: "match";
      readonly condition: Condition;
      readonly steps: readonly Step[];
    }
    | { readonly kind: "stop" }
    | { readonly kind: "require-auth" }
    | { readonly kind: "require-anonymous-auth" }
    | {
      readonly kind: "reject";
      readonly code: FailureCode;
      readonly detail: Detail;
      readonly text: string;
    }
    | { readonly kind: "quarantine"; readonly reason: string }
    | { readonly kind: "tag"; readonly tags: readonly string[] }
    | {
      readonly kind: "rewrite";
      readonly what: "rcpt" | "from";
      readonly table: Ref<"table">;
    }
    | {
      readonly kind: "use";
      readonly name: string;
      readonly steps: readonly Step[];
    }
  );
