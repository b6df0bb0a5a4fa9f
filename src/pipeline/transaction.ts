/**
 * One message on its way through the pipeline: MAIL, each RCPT, DATA.
 */
import { LimitError } from "#src/errors/errors.ts";
import type { Log } from "#src/log/log.ts";
import { SummaryBuilder } from "#src/imap/summary_builder.ts";
import { HeaderBlock } from "#src/message/header_block.ts";
import type { Body } from "#src/message/body.ts";
import type { Envelope, Recipient } from "#src/module/roles/session.ts";
import type { MessageSource } from "#src/smtp/backend.ts";
import { REFUSALS } from "#src/smtp/replies.ts";
import { SmtpError } from "#src/smtp/reply.ts";
import {
  authResults,
  CLIENT_NAME,
  formatAuthResults,
  withoutForgedResults,
} from "./auth_results.ts";
import { Branch, type Content, type MessageBase } from "./branch.ts";
import { isLocal } from "./compile_condition.ts";
import type { Connection } from "./connection.ts";
import type { PipelineTransaction } from "./contract.ts";
import { type Accepted, deliver, type Part } from "./deliver.ts";
import type { Facts } from "./facts.ts";
import { faultReply } from "./fault.ts";
import type { PipelineCore } from "./pipeline_core.ts";
import { rewriteSender } from "./rewrite.ts";
import {
  hasBareLineEnds,
  noFrom,
  SenderCheck,
  severalFrom,
} from "./sender_check.ts";
import { PIPELINE_LIMITS } from "./settings.ts";
import { type Slot, slotOf } from "./slot.ts";
import {
  splitMessage,
  spoolBody,
  type Spooled,
  spoolMessage,
} from "./spool.ts";
import {
  countTraceFields,
  formatMissing,
  formatReceived,
  type TraceCounts,
} from "./trace_fields.ts";
import { mergeVerdicts } from "./verdicts.ts";
import { walkRecipient, type Way } from "./walk_recipient.ts";
import { walkSure } from "./walk_sure.ts";

/** A message with everything that is known of it at once. */
interface Taken {
  readonly spooled: Spooled;
  readonly base: MessageBase;
  readonly counts: TraceCounts;
}

const NO_BYTES = new Uint8Array();

/** A file that goes when the message is done. */
interface Disposable {
  dispose(): Promise<void>;
}

/** One message. */
export class Transaction implements PipelineTransaction {
  readonly #core: PipelineCore;
  readonly #connection: Connection;
  readonly #envelope: Envelope;
  readonly #log: Log;
  readonly #abort = new AbortController();
  readonly #received = Promise.withResolvers<HeaderBlock>();
  readonly #message = Promise.withResolvers<MessageBase>();
  readonly #root: Branch;
  readonly #accepted: Accepted[] = [];
  readonly #disposables: Disposable[] = [];
  readonly #check: SenderCheck | undefined;
  #hasEnded = false;

  constructor(core: PipelineCore, connection: Connection, envelope: Envelope) {
    this.#core = core;
    this.#connection = connection;
    this.#envelope = envelope;
    this.#log = core.host.log.with({ message: envelope.id });
    const { identity } = envelope.session;
    this.#check = core.auth === undefined || identity === undefined
      ? undefined
      : new SenderCheck(core.auth, identity);
    // Without a message nobody waits for these, and that is no fault.
    this.#received.promise.catch(() => {});
    this.#message.promise.catch(() => {});
    this.#root = new Branch({
      connection,
      signal: this.#abort.signal,
      log: this.#log,
      keepBody: (stream) => this.#keepBody(stream),
      received: this.#received.promise,
      message: this.#message.promise,
    }, envelope);
  }

  get id(): string {
    return this.#envelope.id;
  }

  /** MAIL: what can be decided without a recipient. Throws the refusal. */
  async begin(): Promise<void> {
    const { mailFrom } = this.#envelope;
    await this.#check?.reversePath(mailFrom);
    let branch = this.#root;
    const passed: Branch[] = [];
    await walkSure(this.#core.ops, this.#facts(() => branch), {
      filter: (op) => {
        branch = branch.child(op);
        passed.push(branch);
        // Begun now, so that the filters run at the same time.
        void branch.early();
      },
      sender: async (op) => {
        const { mailFrom } = branch.envelope;
        const { domains } = this.#core;
        branch = branch.senderChild(
          op,
          await rewriteSender(mailFrom, op.table, domains),
        );
      },
    });
    if (passed.length === 0) return;
    const verdicts = await Promise.all(passed.map((each) => each.early()));
    const merged = mergeVerdicts(verdicts);
    if (merged.kind === "reject") throw merged.error;
  }

  /** What is known at MAIL. */
  #facts(branch: () => Branch): Facts {
    const connection = this.#connection;
    return {
      session: connection.session,
      settled: true,
      hostname: () => connection.hostname(),
      get mailFrom(): string {
        return branch().envelope.mailFrom;
      },
      rcpt: undefined,
      header: () => undefined,
    };
  }

  async recipient(given: Recipient): Promise<void> {
    const recipient = this.#completed(given);
    const way = await this.#walk(recipient, "before DATA");
    const accepted: Accepted = { recipient, parts: [], error: undefined };
    await this.#accept(accepted, way);
    this.#accepted.push(accepted);
  }

  /** `postmaster` needs no domain. RFC 5321 section 4.5.1. */
  #completed(recipient: Recipient): Recipient {
    if (recipient.address.toLowerCase() !== "postmaster") return recipient;
    return { ...recipient, address: this.#core.host.globals.postmaster };
  }

  #walk(
    recipient: Recipient,
    when: "before DATA" | "with header",
  ): Promise<Way> {
    return walkRecipient(recipient, {
      connection: this.#connection,
      ops: this.#core.ops,
      domains: this.#core.domains,
      root: this.#root,
      log: this.#log,
      withHeader: when === "with header",
    });
  }

  /** Adds the recipient to the deliveries it reaches, or throws why not. */
  async #accept(accepted: Accepted, way: Way): Promise<void> {
    const refusals = [...way.refusals];
    const parts: Part[] = [];
    for (const { op, branch, recipient, annotations } of way.reached) {
      const slot = slotOf(op, branch, annotations, {
        signal: this.#abort.signal,
        log: this.#log,
      });
      const refusal = await slot.add(recipient);
      if (refusal === undefined) parts.push({ slot, recipient });
      else refusals.push(refusal);
    }
    if (!way.uncertain) {
      const temporary = refusals.find((refusal) => refusal.temporary);
      if (temporary !== undefined) throw temporary;
      if (parts.length === 0 && !way.dropped) {
        throw refusals[0] ?? this.#unreachable(accepted.recipient);
      }
    }
    for (const refusal of refusals) {
      this.#log.info("one of several deliveries refused", {
        rcpt: accepted.recipient.address,
        refusal: refusal.message,
      });
    }
    for (const { branch, recipient } of way.passed) branch.accept(recipient);
    accepted.parts = parts;
  }

  #unreachable({ address }: Recipient): SmtpError {
    return isLocal(address, this.#core.domains)
      ? new SmtpError(550, "1.1", "No such mailbox here")
      : new SmtpError(550, "7.1", "Relaying denied");
  }

  async data(
    source: MessageSource,
  ): Promise<readonly (SmtpError | undefined)[]> {
    try {
      return await this.#run(source);
    } catch (error) {
      const reply = error instanceof LimitError
        ? tooLarge(error)
        : faultReply(error, this.#log);
      return this.#accepted.map(() => reply);
    } finally {
      await this.#end();
    }
  }

  async #run(
    source: MessageSource,
  ): Promise<readonly (SmtpError | undefined)[]> {
    this.#abort.signal.throwIfAborted();
    const { spooled, base, counts } = source instanceof Uint8Array
      ? this.#take(source)
      : await this.#spool(source);
    const { header, body } = spooled;
    await this.#checkHeader(header, counts);
    this.#message.resolve(base);
    if (this.#core.needsHeader) await this.#walkAgain();
    const { mailFrom } = this.#envelope;
    const results = await deliver(this.#accepted, {
      perRecipient: this.#core.perRecipient,
      partials: this.#core.partials,
      received: { mailFrom, header, body },
      log: this.#log,
      finalHeader: (slot, content) =>
        this.#finalHeader(slot, content, counts.authResults > 0),
    });
    this.#logResults(results, header.bytes.length + body.size);
    return results;
  }

  /** A message that is in memory already. */
  #take(bytes: Uint8Array): Taken {
    const spooled = splitMessage(bytes, this.#core.spool);
    const { header, body } = spooled;
    this.#received.resolve(header);
    this.#beginHeaderStage();
    const counts = countTraceFields(header.bytes);
    const traced = header.prepend(this.#traceFields(counts));
    return { spooled, base: { header: traced, body }, counts };
  }

  /** A message that arrives; its summary is computed on the way. */
  async #spool(stream: ReadableStream<Uint8Array>): Promise<Taken> {
    let counts = countTraceFields(NO_BYTES);
    let traced = new HeaderBlock(NO_BYTES);
    let builder: SummaryBuilder | undefined;
    const spooled = await spoolMessage(stream, this.#core.spool, {
      header: (header) => {
        this.#received.resolve(header);
        this.#beginHeaderStage();
        counts = countTraceFields(header.bytes);
        traced = header.prepend(this.#traceFields(counts));
        if (this.#wantsSummary()) builder = new SummaryBuilder(traced);
      },
      body: (bytes) => {
        builder?.write(bytes);
      },
    });
    this.#disposables.push(spooled);
    const base: MessageBase = { header: traced, body: spooled.body };
    if (builder !== undefined) base.summary = Promise.resolve(builder.finish());
    return { spooled, base, counts };
  }

  #wantsSummary(): boolean {
    return this.#accepted.some(({ parts }) =>
      parts.some(({ slot }) => slot.op.delivery.wantsSummary === true)
    );
  }

  /** Filters look at the header while the body arrives. */
  #beginHeaderStage(): void {
    const used = new Set<Branch>();
    for (const { parts } of this.#accepted) {
      for (const { slot } of parts) {
        for (let at = slot.branch; at.parent !== undefined; at = at.parent) {
          if (used.has(at)) break;
          used.add(at);
          // Never rejects; `content` waits for it.
          void at.header();
        }
      }
    }
  }

  async #checkHeader(header: HeaderBlock, counts: TraceCounts): Promise<void> {
    if (counts.received >= PIPELINE_LIMITS.receivedFields) {
      throw new SmtpError(554, "4.6", "Too many hops, the message loops");
    }
    if (counts.from > 1 && (this.#core.submission || this.#check)) {
      throw severalFrom();
    }
    if (counts.from === 0 && this.#core.submission) throw noFrom();
    const { body } = this.#envelope.parameters;
    if (body === "BINARYMIME" && hasBareLineEnds(header.bytes)) {
      throw REFUSALS.bareLineEnd();
    }
    await this.#check?.authors(header);
  }

  /** Received and, at submission, what is missing. */
  #traceFields(counts: TraceCounts): Uint8Array {
    const [only, another] = this.#accepted;
    const { hostname, submission } = this.#core;
    const received = formatReceived({
      envelope: this.#envelope,
      hostname,
      clientName: this.#root.values.get(CLIENT_NAME),
      onlyRecipient: another === undefined
        ? only?.recipient.original
        : undefined,
    });
    const missing = submission
      ? formatMissing(
        { date: counts.date === 0, messageId: counts.messageId === 0 },
        this.#envelope,
        hostname,
      )
      : "";
    return ENCODER.encode(received + missing);
  }

  /** With the header at hand, each recipient takes its real way. */
  async #walkAgain(): Promise<void> {
    await this.#abortSlots();
    for (const accepted of this.#accepted) {
      try {
        const way = await this.#walk(accepted.recipient, "with header");
        await this.#accept(accepted, { ...wayOf(way), uncertain: false });
      } catch (error) {
        accepted.parts = [];
        accepted.error = faultReply(error, this.#log);
      }
    }
  }

  /** The header as it leaves: forged results out, ours on top. */
  #finalHeader(
    slot: Slot,
    content: Content,
    mayBeForged: boolean,
  ): HeaderBlock {
    if (content.final !== undefined) return content.final;
    const { hostname, perRecipient } = this.#core;
    const results = authResults(slot.branch.values);
    let { header } = content;
    // What LMTP brings was checked by the server in front of us.
    if (mayBeForged && !perRecipient) {
      header = withoutForgedResults(header, hostname);
    }
    if (results.length > 0) {
      header = header.prepend(formatAuthResults(hostname, results));
    }
    return content.final = header;
  }

  async #keepBody(stream: ReadableStream<Uint8Array>): Promise<Body> {
    const kept = await spoolBody(stream, this.#core.spool);
    this.#disposables.push(kept);
    return kept.body;
  }

  #logResults(
    results: readonly (SmtpError | undefined)[],
    sizeBytes: number,
  ): void {
    const refused = results.filter((result) => result !== undefined);
    const fields = {
      from: this.#envelope.mailFrom,
      recipients: results.length,
      sizeBytes,
    };
    const [first] = refused;
    if (first === undefined) this.#log.info("message accepted", fields);
    else {
      const reply = first.message;
      this.#log.info("message refused", {
        ...fields,
        refused: refused.length,
        reply,
      });
    }
  }

  async #abortSlots(): Promise<void> {
    for (const branch of this.#root.all()) {
      for (const slot of branch.slots.values()) await slot.abort();
      branch.slots.clear();
    }
  }

  async abort(): Promise<void> {
    this.#abort.abort();
    await this.#end();
  }

  async #end(): Promise<void> {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    const gone = new SmtpError(451, "3.0", "Message given up");
    this.#received.reject(gone);
    this.#message.reject(gone);
    await this.#abortSlots();
    await this.#root.end();
    await Promise.all(this.#disposables.map((each) => each.dispose()));
  }
}

const ENCODER = new TextEncoder();

/** A plain copy: a way is an object with private parts. */
function wayOf({ reached, passed, refusals, dropped }: Way): Omit<
  Way,
  "uncertain"
> {
  return { reached, passed, refusals, dropped };
}

/** RFC 5321 section 4.5.3.1.7, RFC 3463 section 3.4. */
function tooLarge(error: LimitError): SmtpError {
  const what = error.limit === "max_size" ? "Message" : "Message header";
  const text = `${what} is larger than ${error.allowed} bytes`;
  return new SmtpError(552, "3.4", text);
}
