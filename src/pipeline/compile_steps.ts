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
  /** Sends on to other hosts, and nothing before it says for whom. */
  readonly isOpen: boolean;
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

/** What steps are compiled with. */
export interface StepSettings extends ConditionSettings {
  /** For whom deliveries to other hosts may be reached. */
  readonly relayFor: "anybody" | "known";
}

/** Conditions that say in plain words whose mail or whom mail is for. */
const NAMING = new Set(["src-ip", "rcpt", "rcpt-domain", "auth-user", "local"]);

/** Makes steps ready to run. */
export function compileSteps(
  steps: readonly Step[],
  settings: StepSettings,
): CompiledSteps {
  const compiler = new StepCompiler(settings);
  const ops = compiler.compile(steps, settings.relayFor === "anybody");
  return { ops, needsHeader: compiler.needsHeader };
}

class StepCompiler {
  needsHeader = false;
  readonly #settings: ConditionSettings;
  readonly #host: Host;
  #count = 0;

  constructor(settings: StepSettings) {
    this.#settings = settings;
    this.#host = settings.host;
  }

  /** `isNamed`: what comes before says for whom mail is sent on. */
  compile(steps: readonly Step[], isNamed: boolean): readonly Op[] {
    let named = isNamed;
    return steps.flatMap((step) => {
      const ops = step.kind === "use"
        ? this.compile(step.steps, named)
        : [this.#op(step, named)];
      named ||= namesWho(step);
      return ops;
    });
  }

  #op(step: Exclude<Step, { kind: "use" }>, isNamed: boolean): Op {
    switch (step.kind) {
      case "filter":
        return {
          kind: "filter",
          id: this.#count++,
          name: step.filter.instance,
          filter: this.#host.use(step.filter),
          options: step.options,
        };
      case "delivery": {
        const delivery = this.#host.use(step.delivery);
        return {
          kind: "delivery",
          id: this.#count++,
          name: step.delivery.instance,
          delivery,
          isOpen: delivery.relays === true && !isNamed,
          options: step.options,
        };
      }
      case "match":
        return this.#match(step, isNamed);
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

  #match(step: Extract<Step, { kind: "match" }>, isNamed: boolean): Op {
    const { negate, value } = step.condition;
    if (step.condition.value === "header") this.needsHeader = true;
    const names = !negate && NAMING.has(value);
    const ops = this.compile(step.steps, isNamed || names);
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

/**
 * Whether only known clients or recipients go on behind the step: it asks for
 * a login, or ends the way of everybody but those that it names.
 */
function namesWho(step: Step): boolean {
  if (step.kind === "require-auth") return true;
  if (step.kind === "use") return step.steps.some(namesWho);
  if (step.kind !== "match") return false;
  const { negate, value } = step.condition;
  const ends = step.steps.some(({ kind }) =>
    kind === "require-auth" || kind === "reject" || kind === "stop"
  );
  return negate && NAMING.has(value) && ends;
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
