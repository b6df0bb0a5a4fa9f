/** The queue as a delivery: takes messages over for later. */
import type {
  Delivery,
  DeliveryMessage,
  DeliveryTransaction,
  RecipientResult,
} from "#src/module/roles/delivery.ts";
import type { Envelope, Recipient } from "#src/module/roles/session.ts";
import { SmtpError } from "#src/smtp/reply.ts";
import type { QueueEngine } from "./engine.ts";
import { countReceived } from "./received_count.ts";

/** Takes messages into the queue. */
export class QueueDelivery implements Delivery {
  readonly relays = true;
  readonly #engine: () => QueueEngine;
  readonly #maxReceived: number;

  constructor(engine: () => QueueEngine, maxReceived: number) {
    this.#engine = engine;
    this.#maxReceived = maxReceived;
  }

  start(envelope: Envelope): Promise<DeliveryTransaction> {
    return Promise.resolve(
      new QueueTransaction(this.#engine(), envelope, this.#maxReceived),
    );
  }
}

class QueueTransaction implements DeliveryTransaction {
  readonly #engine: QueueEngine;
  readonly #envelope: Envelope;
  readonly #maxReceived: number;
  readonly #recipients: Recipient[] = [];
  /** Recipients to whom the account has not written before. */
  readonly #fresh = new Set<string>();
  #message: DeliveryMessage | undefined;

  constructor(engine: QueueEngine, envelope: Envelope, maxReceived: number) {
    this.#engine = engine;
    this.#envelope = envelope;
    this.#maxReceived = maxReceived;
  }

  addRecipient(recipient: Recipient): Promise<SmtpError | undefined> {
    // Where it goes to is decided by its domain.
    if (!/.@[^@]+$/.test(recipient.address)) {
      const error = new SmtpError(553, "1.3", "Address without domain");
      return Promise.resolve(error);
    }
    const account = this.#envelope.session.identity?.account;
    const refusal = account === undefined
      ? undefined
      : this.#engine.accountLimits.refusal(
        account,
        recipient.address,
        this.#fresh,
      );
    if (refusal === undefined) this.#recipients.push(recipient);
    return Promise.resolve(refusal);
  }

  body(message: DeliveryMessage): Promise<void> {
    this.#message = message;
    return Promise.resolve();
  }

  async commit(): Promise<readonly RecipientResult[]> {
    const message = this.#message;
    if (message === undefined) throw new TypeError("commit before body");
    if (countReceived(message.header) > this.#maxReceived) {
      const error = new SmtpError(554, "4.6", "Too many hops, mail loop");
      return this.#recipients.map((recipient) => ({
        recipient,
        ok: false,
        error,
      }));
    }
    await this.#engine.accept(
      this.#envelope,
      this.#recipients,
      message.header.bytes,
      message.body,
    );
    return this.#recipients.map((recipient) => ({ recipient, ok: true }));
  }

  abort(): Promise<void> {
    this.#message = undefined;
    return Promise.resolve();
  }
}
