/**
 * One transaction of one delivery: all recipients of a message that reach the
 * delivery on the same branch with the same annotations.
 */
import type { Log } from "#src/log/log.ts";
import {
  type DeliveryContext,
  QUARANTINE,
  TAGS,
} from "#src/module/roles/context.ts";
import type {
  DeliveryMessage,
  DeliveryTransaction,
} from "#src/module/roles/delivery.ts";
import type { Recipient } from "#src/module/roles/session.ts";
import type { SmtpError } from "#src/smtp/reply.ts";
import type { Branch } from "./branch.ts";
import type { DeliveryOp } from "./compile_steps.ts";
import { faultReply } from "./fault.ts";
import { LayeredValues } from "./layered_values.ts";

/** What steps say of a recipient besides where to deliver. */
export interface Annotations {
  readonly quarantine: string | undefined;
  readonly tags: readonly string[];
}

/** What became of one address in one transaction. */
export type PartState = "pending" | "done" | SmtpError;

/** The slot of a delivery step on a branch; made where there is none. */
export function slotOf(
  op: DeliveryOp,
  branch: Branch,
  annotations: Annotations,
  surroundings: { readonly signal: AbortSignal; readonly log: Log },
): Slot {
  const { quarantine, tags } = annotations;
  const key = quarantine === undefined && tags.length === 0
    ? String(op.id)
    : JSON.stringify([op.id, quarantine, tags]);
  const known = branch.slots.get(key);
  if (known !== undefined) return known;
  const slot = new Slot(op, branch, annotations, surroundings);
  branch.slots.set(key, slot);
  return slot;
}

/** One transaction, begun again where its recipients have to change. */
export class Slot {
  readonly op: DeliveryOp;
  readonly branch: Branch;
  /** By address; what `commit` or a refusal said. */
  readonly states = new Map<string, PartState>();
  readonly #context: DeliveryContext;
  readonly #log: Log;
  #transaction: DeliveryTransaction | undefined;
  /** Those in the running transaction, by address, in the order of adding. */
  #added = new Map<string, Recipient>();
  readonly #refused = new Map<string, SmtpError>();

  constructor(
    op: DeliveryOp,
    branch: Branch,
    annotations: Annotations,
    surroundings: { readonly signal: AbortSignal; readonly log: Log },
  ) {
    this.op = op;
    this.branch = branch;
    const values = new LayeredValues(branch.values);
    const { quarantine, tags } = annotations;
    if (quarantine !== undefined) {
      values.set(QUARANTINE, { reason: quarantine });
    }
    if (tags.length > 0) values.set(TAGS, tags);
    this.#log = surroundings.log;
    this.#context = {
      values,
      options: op.options,
      signal: surroundings.signal,
      log: surroundings.log,
    };
  }

  /** At RCPT: the refusal, if any. The same address is added once. */
  async add(recipient: Recipient): Promise<SmtpError | undefined> {
    const { address } = recipient;
    if (this.#added.has(address)) return undefined;
    const known = this.#refused.get(address);
    if (known !== undefined) return known;
    try {
      this.#transaction ??= await this.op.delivery.start(
        this.branch.envelope,
        this.#context,
      );
      const refusal = await this.#transaction.addRecipient(recipient);
      if (refusal === undefined) this.#added.set(address, recipient);
      else if (!refusal.temporary) this.#refused.set(address, refusal);
      return refusal;
    } catch (error) {
      return this.#fault(error);
    }
  }

  /** Marks the message for Junk after the transaction was begun. */
  async quarantine(reason: string): Promise<void> {
    if (this.#context.values.get(QUARANTINE) !== undefined) return;
    this.#context.values.set(QUARANTINE, { reason });
    await this.abort();
  }

  /**
   * Makes the transaction hold exactly these recipients and gives it the
   * message. What cannot be added, or all of it after a fault, is in `states`.
   */
  async prepare(
    recipients: ReadonlyMap<string, Recipient>,
    message: () => Promise<DeliveryMessage>,
  ): Promise<void> {
    this.states.clear();
    const same = this.#transaction !== undefined &&
      this.#added.size === recipients.size &&
      [...recipients.keys()].every((address) => this.#added.has(address));
    if (!same) await this.#restart(recipients);
    for (const address of this.#added.keys()) {
      this.states.set(address, "pending");
    }
    if (this.#added.size === 0) return;
    try {
      await this.#transaction?.body(await message());
    } catch (error) {
      await this.#fail(error);
    }
  }

  async #restart(recipients: ReadonlyMap<string, Recipient>): Promise<void> {
    await this.abort();
    for (const [address, recipient] of recipients) {
      const refusal = await this.add(recipient);
      if (refusal !== undefined) this.states.set(address, refusal);
    }
  }

  /** Takes over; afterwards no address is pending. */
  async commit(): Promise<void> {
    const transaction = this.#transaction;
    if (transaction === undefined || this.#added.size === 0) return;
    this.#transaction = undefined;
    try {
      const results = await transaction.commit();
      for (const result of results) {
        const state = result.ok ? "done" : result.error;
        this.states.set(result.recipient.address, state);
      }
    } catch (error) {
      this.#failPending(this.#fault(error));
    }
    const log = this.#log.with({ delivery: this.op.name });
    for (const state of this.states.values()) {
      if (state !== "pending") continue;
      this.#failPending(
        faultReply(new TypeError("A delivery left out a recipient"), log),
      );
      break;
    }
  }

  /** Gives the transaction up; recipients can be added again. Never throws. */
  async abort(): Promise<void> {
    const transaction = this.#transaction;
    this.#transaction = undefined;
    this.#added = new Map();
    try {
      await transaction?.abort();
    } catch (error) {
      this.#log.error("delivery failed to abort", {
        delivery: this.op.name,
        error,
      });
    }
  }

  async #fail(error: unknown): Promise<void> {
    const reply = this.#fault(error);
    this.#failPending(reply);
    await this.abort();
  }

  #failPending(reply: SmtpError): void {
    for (const [address, state] of this.states) {
      if (state === "pending") this.states.set(address, reply);
    }
  }

  #fault(error: unknown): SmtpError {
    return faultReply(error, this.#log.with({ delivery: this.op.name }));
  }
}
