/**
 * The way of one recipient through the steps, in the order written: which
 * filters apply to it, which deliveries it reaches, or why it is refused.
 */
import type { Log } from "#src/log/log.ts";
import type { HeaderBlock } from "#src/message/header_block.ts";
import type { Recipient } from "#src/module/roles/session.ts";
import type { Verdict } from "#src/module/roles/verdict.ts";
import { SmtpError } from "#src/smtp/reply.ts";
import type { Branch } from "./branch.ts";
import { isLocal } from "./compile_condition.ts";
import type {
  DeliveryOp,
  FilterOp,
  MatchOp,
  Op,
  SenderOp,
} from "./compile_steps.ts";
import type { Connection } from "./connection.ts";
import type { Facts } from "./facts.ts";
import { expandAddress, rewriteSender } from "./rewrite.ts";
import { PIPELINE_LIMITS } from "./settings.ts";
import type { Annotations } from "./slot.ts";
import { authRequired } from "./walk_sure.ts";

/** A delivery at the end of a way. */
export interface Reached {
  readonly op: DeliveryOp;
  readonly branch: Branch;
  /** After rewriting. */
  readonly recipient: Recipient;
  annotations: Annotations;
}

/** Where a recipient comes out. */
export interface Way {
  readonly reached: readonly Reached[];
  /** Filters that it passes, with the recipient as they see it. */
  readonly passed: readonly Passed[];
  /** Why some or all of its ways end; in the order of the steps. */
  readonly refusals: readonly SmtpError[];
  /** A filter or header said that nothing is to be delivered. */
  readonly dropped: boolean;
  /** Only the header can tell; a refusal is not certain. */
  readonly uncertain: boolean;
}

interface Passed {
  readonly branch: Branch;
  readonly recipient: Recipient;
  readonly verdict: Verdict | Promise<Verdict>;
}

/** What a walk needs to know. */
export interface WalkSettings {
  readonly connection: Connection;
  readonly ops: readonly Op[];
  readonly domains: ReadonlySet<string>;
  readonly root: Branch;
  readonly log: Log;
  /** The header is known: conditions on it are decided. */
  readonly withHeader: boolean;
}

/** The rest of the steps behind a block. */
interface Rest {
  readonly ops: readonly Op[];
  readonly index: number;
  readonly next: Rest | undefined;
}

/** Where one of the ways is; a rewritten recipient has several. */
interface Fork {
  branch: Branch;
  recipient: Recipient;
  quarantine: string | undefined;
  tags: readonly string[];
  readonly passed: Passed[];
  readonly reached: Reached[];
}

/** Walks all ways of one recipient. */
export async function walkRecipient(
  recipient: Recipient,
  settings: WalkSettings,
): Promise<Way> {
  const walk = new RecipientWalk(settings);
  const fork: Fork = {
    branch: settings.root,
    recipient,
    quarantine: undefined,
    tags: [],
    passed: [],
    reached: [],
  };
  await walk.run({ ops: settings.ops, index: 0, next: undefined }, fork);
  return walk;
}

/** The message ended while the header was asked for. */
class Ended {
  readonly verdict: Verdict;
  constructor(verdict: Verdict) {
    this.verdict = verdict;
  }
}

class RecipientWalk implements Way {
  readonly reached: Reached[] = [];
  readonly passed: Passed[] = [];
  readonly refusals: SmtpError[] = [];
  dropped = false;
  uncertain = false;
  readonly #settings: WalkSettings;
  #forks = 1;

  constructor(settings: WalkSettings) {
    this.#settings = settings;
  }

  /** Walks one way to its end. */
  async run(from: Rest, fork: Fork): Promise<void> {
    let refusal: SmtpError | undefined;
    try {
      if (await this.#walk(from, fork) === "forked") return;
    } catch (error) {
      if (error instanceof Ended) {
        if (error.verdict.kind === "drop") this.dropped = true;
        else if (error.verdict.kind === "reject") refusal = error.verdict.error;
      } else if (error instanceof SmtpError) refusal = error;
      else throw error;
    }
    await this.#finish(fork, refusal);
  }

  async #walk(from: Rest, fork: Fork): Promise<"end" | "forked"> {
    let { ops, index, next } = from;
    for (;;) {
      const op = ops[index++];
      if (op === undefined) {
        if (next === undefined) return "end";
        ({ ops, index, next } = next);
        continue;
      }
      switch (op.kind) {
        case "filter":
          this.#filter(op, fork);
          break;
        case "delivery":
          this.#deliver(op, fork);
          break;
        case "match":
          if (await this.#holds(op, fork)) {
            next = { ops, index, next };
            ops = op.ops;
            index = 0;
          }
          break;
        case "rewrite-from":
          await this.#rewriteFrom(op, fork);
          break;
        case "rewrite-rcpt": {
          const rest = { ops, index, next };
          if (await this.#rewriteRcpt(op.table, rest, fork)) return "forked";
          break;
        }
        case "stop":
          return "end";
        case "reject":
          throw op.error;
        case "require-auth":
          if (this.#settings.connection.session.identity === undefined) {
            throw authRequired();
          }
          break;
        case "quarantine":
          fork.quarantine ??= op.reason;
          break;
        case "tag":
          fork.tags = [...new Set([...fork.tags, ...op.tags])];
          break;
        case "require-anonymous-auth":
          // A session either has no identity, which is anonymous, or logged in
          // as an account. A third kind does not exist yet.
          break;
      }
    }
  }

  #filter(op: FilterOp, fork: Fork): void {
    const { recipient } = fork;
    fork.branch = fork.branch.child(op);
    const { branch } = fork;
    const verdict = branch.recipient(recipient);
    fork.passed.push({ branch, recipient, verdict });
  }

  #deliver(op: DeliveryOp, fork: Fork): void {
    const { branch, recipient, quarantine, tags } = fork;
    const { connection, domains } = this.#settings;
    const isStranger = connection.session.identity === undefined;
    if (op.isOpen && isStranger && !isLocal(recipient.address, domains)) {
      throw new SmtpError(550, "7.1", "Relaying denied");
    }
    const annotations = { quarantine, tags };
    fork.reached.push({ op, branch, recipient, annotations });
  }

  async #holds(op: MatchOp, fork: Fork): Promise<boolean> {
    const test = op.test(this.#facts(fork));
    const truth = test instanceof Promise ? await test : test;
    if (truth === undefined && op.delivers) this.uncertain = true;
    return truth === true;
  }

  #facts(fork: Fork): Facts {
    const { connection, withHeader } = this.#settings;
    return {
      session: connection.session,
      settled: true,
      hostname: () => connection.hostname(),
      mailFrom: fork.branch.envelope.mailFrom,
      rcpt: fork.recipient.address,
      header: () => withHeader ? headerAt(fork.branch) : undefined,
    };
  }

  async #rewriteFrom(op: SenderOp, fork: Fork): Promise<void> {
    const { mailFrom } = fork.branch.envelope;
    const { domains } = this.#settings;
    const known = fork.branch.children.get(op.id);
    fork.branch = known ?? fork.branch.senderChild(
      op,
      await rewriteSender(mailFrom, op.table, domains),
    );
  }

  /** Whether the way went on as several. */
  async #rewriteRcpt(
    table: Parameters<typeof expandAddress>[1],
    rest: Rest,
    fork: Fork,
  ): Promise<boolean> {
    const { domains } = this.#settings;
    const { recipient } = fork;
    const found = await expandAddress(recipient.address, table, domains);
    if (found === undefined) return false;
    this.#forks += found.length;
    if (this.#forks > PIPELINE_LIMITS.rewrittenAddresses) {
      throw new SmtpError(550, "4.6", "The address leads to too many others");
    }
    // What was reached before is a way of its own, with the address it had.
    await this.#finish(fork, undefined);
    for (const address of found) {
      await this.run(rest, {
        ...fork,
        recipient: { ...recipient, address },
        passed: [...fork.passed],
        reached: [],
      });
    }
    return true;
  }

  /** Merges what the filters on the way said of the recipient. */
  async #finish(fork: Fork, refusal: SmtpError | undefined): Promise<void> {
    for (const { branch, verdict: pending } of fork.passed) {
      const verdict = pending instanceof Promise ? await pending : pending;
      if (verdict.kind === "reject") {
        this.refusals.push(verdict.error);
        return;
      }
      if (verdict.kind === "drop") {
        this.dropped = true;
        return;
      }
      if (verdict.kind === "quarantine") markJunk(fork, branch, verdict.reason);
    }
    if (refusal !== undefined) {
      this.refusals.push(refusal);
      return;
    }
    this.reached.push(...fork.reached);
    this.passed.push(...fork.passed);
  }
}

/** Everything behind the filter goes to Junk. */
function markJunk(fork: Fork, branch: Branch, reason: string): void {
  for (const reached of fork.reached) {
    if (!reached.branch.isBehind(branch)) continue;
    const { quarantine = reason, tags } = reached.annotations;
    reached.annotations = { quarantine, tags };
  }
}

/** The header as the filters before this point left it. */
async function headerAt(branch: Branch): Promise<HeaderBlock> {
  const content = await branch.content();
  if (content.end !== undefined) throw new Ended(content.end);
  return content.header;
}
