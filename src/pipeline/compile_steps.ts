/** Steps made ready: conditions compiled, references resolved, numbered. */
import type { Host } from "#src/module/host.ts";
import type { Delivery } from "#src/module/roles/delivery.ts";
import type { Filter } from "#src/module/roles/filter.ts";
import type { Table } from "#src/module/roles/table.ts";
import { SmtpError } from "#src/smtp/reply.ts";
import {
  compileCondition,
  type ConditionSettings,
  type Test,
} from "./compile_condition.ts";
import type { Step } from "./step.ts";

/** A filter at its place in the steps. */
export interface FilterOp {
  readonly kind: "filter";
  /** Unique in the pipeline; in the order of the configuration. */
  readonly id: number;
  readonly name: string;
  readonly filter: Filter;
  readonly options: Readonly<Record<string, unknown>>;
}

/** A delivery at its place in the steps. */
export interface DeliveryOp {
  readonly kind: "delivery";
  readonly id: number;
  readonly name: string;
  readonly delivery: Delivery;
  readonly options: Readonly<Record<string, unknown>>;
}

/** `rewrite from`. */
export interface SenderOp {
  readonly kind: "rewrite-from";
  readonly id: number;
  readonly table: Table;
}

/** A block with its condition. */
export interface MatchOp {
  readonly kind: "match";
  readonly test: Test;
  readonly ops: readonly Op[];
  /** Some step inside may end the way of a recipient. */
  readonly mayEnd: boolean;
  /** Some step inside delivers. */
  readonly delivers: boolean;
}

/** One step, ready to run. `use` is replaced by what it stands for. */
export type Op =
  | FilterOp
  | DeliveryOp
  | SenderOp
  | MatchOp
  | { readonly kind: "rewrite-rcpt"; readonly table: Table }
  | { readonly kind: "stop" }
  | { readonly kind: "require-auth" }
  | { readonly kind: "require-anonymous-auth" }
  | { readonly kind: "reject"; readonly error: SmtpError }
  | { readonly kind: "quarantine"; readonly reason: string }
  | { readonly kind: "tag"; readonly tags: readonly string[] };

/** All steps of a pipeline. */
export interface CompiledSteps {
  readonly ops: readonly Op[];
  /** Some condition asks for the header: the way is only known after DATA. */
  readonly needsHeader: boolean;
}

/** Makes steps ready to run. */
export function compileSteps(
  steps: readonly Step[],
  settings: ConditionSettings,
): CompiledSteps {
  const compiler = new StepCompiler(settings);
  const ops = compiler.compile(steps);
  return { ops, needsHeader: compiler.needsHeader };
}

class StepCompiler {
  needsHeader = false;
  readonly #settings: ConditionSettings;
  readonly #host: Host;
  #count = 0;

  constructor(settings: ConditionSettings) {
    this.#settings = settings;
    this.#host = settings.host;
  }

  compile(steps: readonly Step[]): readonly Op[] {
    return steps.flatMap((step) =>
      step.kind === "use" ? this.compile(step.steps) : [this.#op(step)]
    );
  }

  #op(step: Exclude<Step, { kind: "use" }>): Op {
    switch (step.kind) {
      case "filter":
        return {
          kind: "filter",
          id: this.#count++,
          name: step.filter.instance,
          filter: this.#host.use(step.filter),
          options: step.options,
        };
      case "delivery":
        return {
          kind: "delivery",
          id: this.#count++,
          name: step.delivery.instance,
          delivery: this.#host.use(step.delivery),
          options: step.options,
        };
      case "match":
        return this.#match(step);
      case "rewrite":
        return this.#rewrite(step);
      case "reject": {
        const { code, detail, text } = step;
        return { kind: "reject", error: new SmtpError(code, detail, text) };
      }
      case "quarantine":
        return { kind: "quarantine", reason: step.reason };
      case "tag":
        return { kind: "tag", tags: step.tags };
      case "stop":
      case "require-auth":
      case "require-anonymous-auth":
        return { kind: step.kind };
    }
  }

  #match(step: Extract<Step, { kind: "match" }>): Op {
    if (step.condition.value === "header") this.needsHeader = true;
    const ops = this.compile(step.steps);
    return {
      kind: "match",
      test: compileCondition(step.condition, this.#settings),
      ops,
      mayEnd: ops.some(mayEnd),
      delivers: ops.some(delivers),
    };
  }

  #rewrite(step: Extract<Step, { kind: "rewrite" }>): Op {
    const table = this.#host.use(step.table);
    if (step.what === "rcpt") return { kind: "rewrite-rcpt", table };
    return { kind: "rewrite-from", id: this.#count++, table };
  }
}

function mayEnd(op: Op): boolean {
  switch (op.kind) {
    case "stop":
    case "reject":
    case "require-auth":
    case "require-anonymous-auth":
      return true;
    case "match":
      return op.mayEnd;
    default:
      return false;
  }
}

function delivers(op: Op): boolean {
  return op.kind === "delivery" || (op.kind === "match" && op.delivers);
}
