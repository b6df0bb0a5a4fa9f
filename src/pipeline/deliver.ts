/**
 * The last stretch: every delivery gets the version of its branch, then all of
 * them commit.
 *
 * - Every transaction has the message (`body`) before the first one commits.
 *   What fails until then fails without anything being delivered.
 * - SMTP has one answer for all recipients. As long as nothing is committed, a
 *   refusal or fault for one recipient is the answer for all (a client that
 *   got 250 would never learn of it); LMTP and library calls get one answer
 *   each.
 * - Once something is committed, a temporary failure is still answered as one;
 *   what was delivered is remembered (`partial_deliveries.ts`) and skipped when
 *   the client tries again: no loss, no duplicate.
 * - A permanent refusal after another recipient was served is answered as
 *   failure whose text says so: the client reports it to the sender.
 * - A recipient that one delivery refuses for good and another takes is
 *   delivered.
 */
import type { Log } from "#src/log/log.ts";
import type { HeaderBlock } from "#src/message/header_block.ts";
import type { DeliveryMessage } from "#src/module/roles/delivery.ts";
import type { Recipient } from "#src/module/roles/session.ts";
import { SmtpError } from "#src/smtp/reply.ts";
import type { Content } from "./branch.ts";
import type { Fingerprinted, PartialDeliveries } from "./partial_deliveries.ts";
import type { Slot } from "./slot.ts";
import { summaryOf } from "./summary_of.ts";

/** One way of a recipient into a delivery. */
export interface Part {
  readonly slot: Slot;
  /** After rewriting. */
  readonly recipient: Recipient;
}

/** A recipient that was accepted at RCPT, in the order of acceptance. */
export interface Accepted {
  readonly recipient: Recipient;
  parts: readonly Part[];
  /** Decided before anything is delivered. */
  error: SmtpError | undefined;
}

/** What delivering needs. */
export interface DeliverSettings {
  /** One answer for each recipient is possible. */
  readonly perRecipient: boolean;
  readonly partials: PartialDeliveries;
  /** The message as received, to know it again. */
  readonly received: Fingerprinted;
  readonly log: Log;
  /** The header as it leaves: with result fields. */
  finalHeader(slot: Slot, content: Content): HeaderBlock;
}

/** One result for each accepted recipient, in order. */
export async function deliver(
  accepted: readonly Accepted[],
  settings: DeliverSettings,
): Promise<readonly (SmtpError | undefined)[]> {
  const run = new Delivering(accepted, settings);
  try {
    return await run.run();
  } finally {
    await run.abortAll();
  }
}

class Delivering {
  readonly #accepted: readonly Accepted[];
  readonly #settings: DeliverSettings;
  readonly #slots: readonly Slot[];
  readonly #contents = new Map<Slot, Content>();
  /** Parts that an earlier try delivered. */
  #before: ReadonlySet<string> = new Set();

  constructor(accepted: readonly Accepted[], settings: DeliverSettings) {
    this.#accepted = accepted;
    this.#settings = settings;
    this.#slots = [
      ...new Set(accepted.flatMap(({ parts }) => parts.map((p) => p.slot))),
    ];
  }

  async run(): Promise<readonly (SmtpError | undefined)[]> {
    await this.#readContents();
    const { perRecipient, partials, received } = this.#settings;
    if (!perRecipient && this.#anyError()) return this.#sameForAll();
    this.#before = await partials.delivered(received);
    await this.#prepareAll();
    if (!perRecipient && this.#anyError()) return this.#sameForAll();
    await this.#commitAll();
    return await this.#results();
  }

  async abortAll(): Promise<void> {
    await Promise.all(this.#slots.map((slot) => slot.abort()));
  }

  /** Runs the filters and applies what they say to the recipients. */
  async #readContents(): Promise<void> {
    await Promise.all(this.#slots.map(async (slot) => {
      const content = await slot.branch.content();
      this.#contents.set(slot, content);
      if (content.end === undefined && content.quarantine !== undefined) {
        await slot.quarantine(content.quarantine);
      }
    }));
    for (const accepted of this.#accepted) {
      const kept: Part[] = [];
      for (const part of accepted.parts) {
        const end = this.#contents.get(part.slot)?.end;
        if (end === undefined) kept.push(part);
        else if (end.kind === "reject") accepted.error ??= end.error;
      }
      accepted.parts = kept;
    }
  }

  /**
   * Gives the message to every transaction; recipients that fail are taken out
   * of the others too, until nothing changes.
   */
  async #prepareAll(): Promise<void> {
    const { perRecipient } = this.#settings;
    for (let round = 0; round <= this.#accepted.length; round++) {
      for (const slot of this.#slots) {
        const message = (): Promise<DeliveryMessage> => this.#message(slot);
        await slot.prepare(this.#recipientsOf(slot), message);
      }
      const failed = this.#accepted.filter((accepted) =>
        this.#failsBeforeCommit(accepted)
      );
      if (failed.length === 0 || !perRecipient) return;
    }
  }

  /** An earlier try delivered this part. */
  #wasDelivered(part: Part): boolean {
    return this.#before.size > 0 && this.#before.has(partKey(part));
  }

  /** Notes the first temporary failure of a recipient. */
  #failsBeforeCommit(accepted: Accepted): boolean {
    if (accepted.error !== undefined) return false;
    let refusal: SmtpError | undefined;
    let takers = 0;
    for (const part of accepted.parts) {
      if (this.#wasDelivered(part)) {
        takers++;
        continue;
      }
      const state = part.slot.states.get(part.recipient.address);
      if (!(state instanceof SmtpError)) takers++;
      else if (refusal === undefined || state.temporary) refusal = state;
    }
    if (refusal === undefined || (takers > 0 && !refusal.temporary)) {
      return false;
    }
    accepted.error = refusal;
    return true;
  }

  #recipientsOf(slot: Slot): ReadonlyMap<string, Recipient> {
    const recipients = new Map<string, Recipient>();
    for (const { parts, error } of this.#accepted) {
      if (error !== undefined) continue;
      for (const part of parts) {
        if (part.slot !== slot || this.#wasDelivered(part)) continue;
        const { recipient } = part;
        if (!recipients.has(recipient.address)) {
          recipients.set(recipient.address, recipient);
        }
      }
    }
    return recipients;
  }

  async #message(slot: Slot): Promise<DeliveryMessage> {
    const content = this.#contents.get(slot);
    if (content === undefined) throw new TypeError("No content for a slot");
    const header = this.#settings.finalHeader(slot, content);
    const { base } = content;
    if (slot.op.delivery.wantsSummary !== true) {
      return { header, body: base.body };
    }
    const summary = await summaryOf(base);
    return { header, body: base.body, summary };
  }

  /** In the order of the steps; the first failure ends it while it can. */
  async #commitAll(): Promise<void> {
    let committed = this.#before.size > 0;
    for (const slot of this.#slots) {
      await slot.commit();
      const states = [...slot.states.values()];
      committed ||= states.includes("done");
      const failed = states.some((state) =>
        state instanceof SmtpError && state.temporary
      );
      if (failed && !committed && !this.#settings.perRecipient) return;
    }
  }

  async #results(): Promise<readonly (SmtpError | undefined)[]> {
    const results = this.#accepted.map((accepted) => this.#resultOf(accepted));
    const failures = results.filter((result) => result !== undefined);
    const [first] = failures;
    if (first === undefined) return results;
    const { perRecipient } = this.#settings;
    await this.#remember(results);
    if (perRecipient) return results;
    const temporary = failures.find((failure) => failure.temporary);
    const answer = temporary ??
      partlyRefused(first, failures.length, results.length);
    return results.map(() => answer);
  }

  #resultOf({ error, parts }: Accepted): SmtpError | undefined {
    if (error !== undefined) return error;
    let refusal: SmtpError | undefined;
    let served = parts.length === 0;
    for (const part of parts) {
      const state = this.#wasDelivered(part)
        ? "done"
        : part.slot.states.get(part.recipient.address);
      if (state === "done") served = true;
      else if (state instanceof SmtpError) {
        if (state.temporary) return state;
        refusal ??= state;
      } else return notReached();
    }
    if (served && refusal !== undefined) {
      this.#settings.log.warn("one of several deliveries refused", {
        refusal: refusal.message,
      });
    }
    return served ? undefined : refusal;
  }

  /** Keeps what is delivered of recipients that will be tried again. */
  async #remember(
    results: readonly (SmtpError | undefined)[],
  ): Promise<void> {
    const { perRecipient, partials, received } = this.#settings;
    const tried = perRecipient
      ? this.#accepted.filter((_, i) => results[i]?.temporary === true)
      : results.some((result) => result?.temporary === true)
      ? this.#accepted
      : [];
    const parts = tried.flatMap((accepted) =>
      accepted.parts.filter((part) =>
        this.#wasDelivered(part) ||
        part.slot.states.get(part.recipient.address) === "done"
      ).map(partKey)
    );
    if (parts.length > 0) await partials.remember(received, parts);
  }

  #anyError(): boolean {
    return this.#accepted.some(({ error }) => error !== undefined);
  }

  /** Nothing is delivered: what may work later counts more. */
  #sameForAll(): readonly (SmtpError | undefined)[] {
    const errors = this.#accepted.flatMap(({ error }) => error ?? []);
    const answer = errors.find((error) => error.temporary) ?? errors[0];
    return this.#accepted.map(() => answer);
  }
}

/** Names a part in a way that a restart does not change. */
function partKey({ slot, recipient }: Part): string {
  const { name, options } = slot.op;
  return JSON.stringify([name, options, recipient.address]);
}

/** A transaction that was given up because another one failed. */
function notReached(): SmtpError {
  return new SmtpError(451, "3.0", "Not delivered yet, try again later");
}

/** Says that others did get the message. */
function partlyRefused(
  error: SmtpError,
  refused: number,
  all: number,
): SmtpError {
  if (refused === all) return error;
  const text = `${refused} of ${all} recipients refused: ${error.publicText}`;
  return new SmtpError(error.code, error.detail, text, { cause: error });
}
