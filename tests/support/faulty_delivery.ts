/** A delivery that keeps what it is given, and fails where it is told to. */
import { SmtpError } from "#src/smtp/reply.ts";
import type {
  Delivery,
  DeliveryMessage,
  DeliveryTransaction,
  RecipientResult,
} from "#src/module/roles/delivery.ts";
import {
  type DeliveryContext,
  QUARANTINE,
  TAGS,
} from "#src/module/roles/context.ts";
import type { Envelope, Recipient } from "#src/module/roles/session.ts";

/** Stages that can fail. */
export type DeliveryStage = "start" | "addRecipient" | "body" | "commit";

/** What happens instead of success. */
export type Fault =
  /** Something breaks. */
  | "throw"
  /** The far side is not available. */
  | "temporary"
  /** The far side refuses for good. */
  | "permanent";

/** A copy that was committed. */
export interface Delivered {
  readonly mailFrom: string;
  readonly rcptTo: string;
  readonly original: string;
  /** Header and body as text, one character a byte. */
  readonly text: string;
  readonly quarantine: string | undefined;
  readonly tags: readonly string[];
  readonly hasSummary: boolean;
}

/** Keeps messages in memory. */
export class FaultyDelivery implements Delivery {
  readonly delivered: Delivered[] = [];
  /** Stages that fail; for one recipient alone with its address. */
  readonly faults = new Map<
    DeliveryStage | `${DeliveryStage} ${string}`,
    Fault
  >();
  /** Transactions that were neither committed nor aborted. */
  open = 0;
  readonly calls: string[] = [];
  readonly wantsSummary: boolean;

  constructor(wantsSummary = false) {
    this.wantsSummary = wantsSummary;
  }

  start(
    envelope: Envelope,
    context: DeliveryContext,
  ): Promise<DeliveryTransaction> {
    return Promise.resolve().then(() => {
      this.refuse("start");
      this.open++;
      return new FaultyTransaction(this, envelope, context);
    });
  }

  /** The refusal of a stage; throws where it is to break. */
  refuse(stage: DeliveryStage, address = ""): SmtpError | undefined {
    this.calls.push(address === "" ? stage : `${stage} ${address}`);
    const fault = this.faults.get(`${stage} ${address}`) ??
      this.faults.get(stage);
    if (fault === undefined) return undefined;
    if (fault === "throw") throw new Error(`broken at ${stage}`);
    return fault === "temporary"
      ? new SmtpError(452, "3.1", "No room now")
      : new SmtpError(550, "1.1", `Unknown at ${stage}`);
  }

  /** Addresses that got a copy, in the order of delivery. */
  get recipients(): readonly string[] {
    return this.delivered.map(({ rcptTo }) => rcptTo);
  }
}

class FaultyTransaction implements DeliveryTransaction {
  readonly #delivery: FaultyDelivery;
  readonly #envelope: Envelope;
  readonly #context: DeliveryContext;
  readonly #recipients: Recipient[] = [];
  #message: DeliveryMessage | undefined;
  #text = "";
  #isOver = false;

  constructor(
    delivery: FaultyDelivery,
    envelope: Envelope,
    context: DeliveryContext,
  ) {
    this.#delivery = delivery;
    this.#envelope = envelope;
    this.#context = context;
  }

  async addRecipient(recipient: Recipient): Promise<SmtpError | undefined> {
    await Promise.resolve();
    const refusal = this.#delivery.refuse("addRecipient", recipient.address);
    if (refusal === undefined) this.#recipients.push(recipient);
    return refusal;
  }

  async body(message: DeliveryMessage): Promise<void> {
    const refusal = this.#delivery.refuse("body");
    if (refusal !== undefined) throw refusal;
    this.#message = message;
    let text = latin1(message.header.bytes);
    for await (const chunk of message.body.open()) text += latin1(chunk);
    this.#text = text;
  }

  async commit(): Promise<readonly RecipientResult[]> {
    await Promise.resolve();
    this.#finish();
    if (this.#message === undefined) throw new Error("commit before body");
    this.#delivery.refuse("commit");
    return this.#recipients.map((recipient): RecipientResult => {
      const error = this.#delivery.refuse("commit", recipient.address);
      if (error !== undefined) return { recipient, ok: false, error };
      this.#keep(recipient);
      return { recipient, ok: true };
    });
  }

  #keep(recipient: Recipient): void {
    this.#delivery.delivered.push({
      mailFrom: this.#envelope.mailFrom,
      rcptTo: recipient.address,
      original: recipient.original,
      text: this.#text,
      quarantine: this.#context.values.get(QUARANTINE)?.reason,
      tags: this.#context.values.get(TAGS) ?? [],
      hasSummary: this.#message?.summary !== undefined,
    });
  }

  abort(): Promise<void> {
    this.#finish();
    return Promise.resolve();
  }

  #finish(): void {
    if (this.#isOver) throw new Error("transaction is over");
    this.#isOver = true;
    this.#delivery.open--;
  }
}

function latin1(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return text;
}
