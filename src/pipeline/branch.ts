/**
 * A point on the way of a message: what the filters before it made of it. Two
 * recipients share a branch as long as the same filters apply to both; where
 * their ways part, so do header, body and context values.
 */
import type { Body } from "#src/message/body.ts";
import type { HeaderBlock } from "#src/message/header_block.ts";
import type { Log } from "#src/log/log.ts";
import type { MessageSummary } from "#src/imap/summary.ts";
import type { ContextValues } from "#src/module/roles/context.ts";
import type { BodyVerdict, FilterRun } from "#src/module/roles/filter.ts";
import type { Envelope, Recipient } from "#src/module/roles/session.ts";
import { PASS, type Verdict } from "#src/module/roles/verdict.ts";
import type { FilterOp, SenderOp } from "./compile_steps.ts";
import { type Connection, endRun } from "./connection.ts";
import { faultReply } from "./fault.ts";
import { LayeredValues } from "./layered_values.ts";
import type { Slot } from "./slot.ts";
import { endsMessage, mergeVerdicts } from "./verdicts.ts";

/** Header and body as the last transforming filter left them. */
export interface MessageBase {
  readonly header: HeaderBlock;
  readonly body: Body;
  /** Computed at most once. */
  summary?: Promise<MessageSummary>;
}

/** What a branch made of the message. */
export interface Content {
  /** Set where nothing may be delivered. */
  readonly end: Extract<Verdict, { kind: "reject" | "drop" }> | undefined;
  readonly quarantine: string | undefined;
  readonly base: MessageBase;
  /** The base's header with what filters put on top. */
  readonly header: HeaderBlock;
  /** With the result fields; made when the first delivery asks. */
  final?: HeaderBlock;
}

/** What the branches of one message share. */
export interface BranchSettings {
  readonly connection: Connection;
  readonly signal: AbortSignal;
  readonly log: Log;
  /** Keeps a body that a filter gave. */
  keepBody(stream: ReadableStream<Uint8Array>): Promise<Body>;
  /** The header as received; resolves as soon as it is complete. */
  readonly received: Promise<HeaderBlock>;
  /** The message with the trace fields of this server. */
  readonly message: Promise<MessageBase>;
}

/** One point on the way. The root has no filter. */
export class Branch {
  readonly parent: Branch | undefined;
  readonly envelope: Envelope;
  readonly values: ContextValues;
  readonly children = new Map<number, Branch>();
  readonly slots = new Map<string, Slot>();
  readonly #settings: BranchSettings;
  readonly #op: FilterOp | undefined;
  readonly #run: FilterRun | undefined;
  readonly #recipients = new Map<string, Recipient>();
  readonly #verdicts = new Map<string, Promise<Verdict>>();
  #early: Verdict | Promise<Verdict> | undefined;
  #header: Promise<Verdict> | undefined;
  #own: Promise<BodyVerdict> | undefined;
  #content: Promise<Content> | undefined;

  constructor(
    settings: BranchSettings,
    envelope: Envelope,
    parent?: Branch,
    op?: FilterOp,
  ) {
    this.#settings = settings;
    this.parent = parent;
    this.envelope = envelope;
    this.#op = op;
    const below = parent?.values ?? settings.connection.values;
    this.values = new LayeredValues(below);
    this.#run = op?.filter.start({
      values: this.values,
      options: op.options,
      signal: settings.signal,
      log: settings.log,
    });
  }

  /** The branch behind a filter that is applied here. */
  child(op: FilterOp): Branch {
    const known = this.children.get(op.id);
    if (known !== undefined) return known;
    const made = new Branch(this.#settings, this.envelope, this, op);
    this.children.set(op.id, made);
    return made;
  }

  /** The branch behind `rewrite from`. */
  senderChild(op: SenderOp, mailFrom: string): Branch {
    const known = this.children.get(op.id);
    if (known !== undefined) return known;
    const envelope = { ...this.envelope, mailFrom };
    const made = new Branch(this.#settings, envelope, this);
    this.children.set(op.id, made);
    return made;
  }

  /** Every branch from here on, this one first. */
  *all(): Generator<Branch> {
    yield this;
    for (const child of this.children.values()) yield* child.all();
  }

  /** Whether `other` is this branch or one before it. */
  isBehind(other: Branch): boolean {
    return other === this || this.parent?.isBehind(other) === true;
  }

  /**
   * Stages `connect` and `helo` where the connection did not run them, and
   * `sender`. Runs them once; never rejects.
   */
  early(): Verdict | Promise<Verdict> {
    if (this.#early !== undefined) return this.#early;
    const op = this.#op;
    const run = this.#run;
    if (op === undefined || run === undefined) return this.#early = PASS;
    const known = this.#settings.connection.verdictOf(op);
    if (known !== undefined && run.sender === undefined) {
      return this.#early = known;
    }
    const promise = this.#guard(() => this.#runEarly(run, known));
    this.#early = promise;
    return promise.then((verdict) => this.#early = verdict);
  }

  async #runEarly(
    run: FilterRun,
    known: Verdict | undefined,
  ): Promise<Verdict> {
    let verdict = known ?? PASS;
    const { session } = this.envelope;
    if (known === undefined) {
      verdict = await run.connect?.(session) ?? PASS;
      if (endsMessage(verdict)) return verdict;
      verdict = mergeVerdicts([verdict, await run.helo?.(session) ?? PASS]);
    }
    if (endsMessage(verdict)) return verdict;
    return mergeVerdicts([verdict, await run.sender?.(this.envelope) ?? PASS]);
  }

  /** The recipient is part of the message as this branch's filter sees it. */
  accept(recipient: Recipient): void {
    this.#recipients.set(recipient.address, recipient);
  }

  /** Stage `recipient`, once for each address. Never rejects. */
  recipient(recipient: Recipient): Verdict | Promise<Verdict> {
    const early = this.early();
    const run = this.#run;
    if (run?.recipient === undefined) return early;
    const known = this.#verdicts.get(recipient.address);
    if (known !== undefined) return known;
    const verdict = this.#guard(async () => {
      const before = await early;
      if (endsMessage(before)) return before;
      const own = await run.recipient?.(this.envelope, recipient) ?? PASS;
      return mergeVerdicts([before, own]);
    });
    this.#verdicts.set(recipient.address, verdict);
    return verdict;
  }

  /** Stage `header`, as soon as the header is there. Never rejects. */
  header(): Promise<Verdict> {
    return this.#header ??= this.#guard(async () => {
      const early = await this.early();
      const run = this.#run;
      if (endsMessage(early) || run?.header === undefined) return early;
      const header = await this.#settings.received;
      const own = await run.header(this.envelope, header) ?? PASS;
      return mergeVerdicts([early, own]);
    });
  }

  /** What this branch made of the message. Never rejects. */
  content(): Promise<Content> {
    return this.#content ??= this.#findContent();
  }

  async #findContent(): Promise<Content> {
    if (this.parent === undefined) return await this.#rootContent();
    // Begun before the parent is awaited: independent filters run together.
    const running = this.#ownVerdict();
    const before = await this.parent.content();
    const own = await running;
    if (before.end !== undefined) return before;
    const { verdict } = own;
    if (endsMessage(verdict)) return { ...before, end: verdict };
    const quarantine = before.quarantine ??
      (verdict.kind === "quarantine" ? verdict.reason : undefined);
    return await this.#applied(own, { ...before, quarantine });
  }

  async #rootContent(): Promise<Content> {
    const base = await this.#settings.message;
    return { end: undefined, quarantine: undefined, base, header: base.header };
  }

  /** The content with what the filter changed. */
  async #applied(own: BodyVerdict, before: Content): Promise<Content> {
    const { base, quarantine, end } = before;
    let { header } = before;
    let newBase = base;
    if (own.header !== undefined || own.body !== undefined) {
      header = own.header ?? header;
      try {
        const body = own.body === undefined
          ? base.body
          : await this.#settings.keepBody(own.body);
        newBase = { header, body };
      } catch (thrown) {
        const error = faultReply(thrown, this.#settings.log);
        return { ...before, end: { kind: "reject", error } };
      }
    }
    if (own.prepend !== undefined) header = header.prepend(own.prepend);
    return { end, quarantine, base: newBase, header };
  }

  /** Stage `body` of this filter. Never rejects. */
  #ownVerdict(): Promise<BodyVerdict> {
    return this.#own ??= this.#runBody();
  }

  async #runBody(): Promise<BodyVerdict> {
    const verdict = await this.header();
    const run = this.#run;
    if (endsMessage(verdict) || run?.body === undefined) return { verdict };
    const transforms = this.#op?.filter.transforms === true;
    const input = transforms ? await this.parent?.content() : await this
      .#barrier();
    if (input === undefined || input.end !== undefined) return { verdict };
    try {
      const said = await run.body({
        envelope: this.envelope,
        recipients: [...this.#recipients.values()],
        header: input.header,
        body: input.base.body,
      });
      const merged = mergeVerdicts([verdict, said.verdict]);
      return transforms ? { ...said, verdict: merged } : lookedAt(said, merged);
    } catch (error) {
      return { verdict: this.#fault(error) };
    }
  }

  /** What the filters see that run at the same time as this one. */
  #barrier(): Promise<Content> {
    let at = this.parent;
    while (at?.parent !== undefined && at.#op?.filter.transforms !== true) {
      at = at.parent;
    }
    return at?.content() ?? this.#rootContent();
  }

  async #guard(call: () => Promise<Verdict>): Promise<Verdict> {
    try {
      return await call();
    } catch (error) {
      return this.#fault(error);
    }
  }

  #fault(thrown: unknown): Verdict {
    const { log } = this.#settings;
    const error = faultReply(thrown, log.with({ filter: this.#op?.name }));
    return { kind: "reject", error };
  }

  /** Frees the filter; those after it too. */
  async end(): Promise<void> {
    const { log } = this.#settings;
    for (const branch of this.all()) {
      if (branch.#run !== undefined) await endRun(branch.#run, log);
    }
  }
}

/** Only a filter that says so may change more than what stands on top. */
function lookedAt(said: BodyVerdict, verdict: Verdict): BodyVerdict {
  return said.prepend === undefined
    ? { verdict }
    : { verdict, prepend: said.prepend };
}
