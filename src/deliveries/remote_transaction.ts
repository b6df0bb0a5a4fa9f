/**
 * The transaction of deliveries that send over the network: collects
 * recipients, groups them by destination, sends to each.
 */
import type { DeliveryContext } from "#src/module/roles/context.ts";
import type {
  DeliveryMessage,
  DeliveryTransaction,
  RecipientResult,
} from "#src/module/roles/delivery.ts";
import type { Envelope, Recipient } from "#src/module/roles/session.ts";
import { DSN_PASSED_ON } from "#src/queue/dsn_passed_on.ts";
import type {
  ClientMessage,
  ClientOutcome,
} from "#src/smtp/client/smtp_client.ts";
import { SmtpError } from "#src/smtp/reply.ts";
import { clientMessage } from "./remote_message.ts";

/** What a sending delivery has to know. */
export interface Destination {
  /** Refuses a recipient at once. */
  check(recipient: Recipient): SmtpError | undefined;
  /** Recipients with equal keys are sent together. */
  key(recipient: Recipient): string;
  /**
   * Sends to recipients of one key; one outcome each, in order. A thrown
   * `SmtpError` is the outcome of all.
   */
  send(
    key: string,
    message: ClientMessage,
    envelope: Envelope,
    signal: AbortSignal,
  ): Promise<readonly ClientOutcome[]>;
}

/** Destinations of one message that are sent to at the same time. */
const PARALLEL = 10;

/** One message on its way out. */
export class RemoteTransaction implements DeliveryTransaction {
  readonly #destination: Destination;
  readonly #envelope: Envelope;
  readonly #context: DeliveryContext;
  readonly #recipients: Recipient[] = [];
  #message: DeliveryMessage | undefined;

  constructor(
    destination: Destination,
    envelope: Envelope,
    context: DeliveryContext,
  ) {
    this.#destination = destination;
    this.#envelope = envelope;
    this.#context = context;
  }

  addRecipient(recipient: Recipient): Promise<SmtpError | undefined> {
    const refusal = this.#destination.check(recipient);
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
    const groups = new Map<string, Map<string, Recipient>>();
    for (const recipient of this.#recipients) {
      const key = this.#destination.key(recipient);
      const group = groups.get(key) ?? new Map<string, Recipient>();
      // The same address twice is sent once.
      if (!group.has(recipient.address)) {
        group.set(recipient.address, recipient);
      }
      groups.set(key, group);
    }
    const outcomes = new Map<string, ClientOutcome>();
    const waiting = [...groups];
    const worker = async (): Promise<void> => {
      while (true) {
        const next = waiting.shift();
        if (next === undefined) return;
        const [key, group] = next;
        await this.#sendGroup(key, [...group.values()], message, outcomes);
      }
    };
    await Promise.all(Array.from({ length: PARALLEL }, worker));
    this.#noteDsn(outcomes);
    return this.#recipients.map((recipient) => {
      const outcome = outcomes.get(recipient.address);
      if (outcome === undefined) {
        throw new TypeError("Recipient without result");
      }
      return outcome.ok
        ? { recipient, ok: true }
        : { recipient, ok: false, error: outcome.error };
    });
  }

  abort(): Promise<void> {
    this.#message = undefined;
    return Promise.resolve();
  }

  async #sendGroup(
    key: string,
    recipients: readonly Recipient[],
    message: DeliveryMessage,
    outcomes: Map<string, ClientOutcome>,
  ): Promise<void> {
    const { signal } = this.#context;
    let results: readonly ClientOutcome[];
    try {
      // RFC 3030 section 3: binary data cannot go through DATA.
      if (this.#envelope.parameters.body === "BINARYMIME") {
        throw new SmtpError(554, "6.3", "Binary messages cannot be sent on");
      }
      results = await this.#destination.send(
        key,
        clientMessage(this.#envelope, recipients, message),
        this.#envelope,
        signal,
      );
    } catch (error) {
      if (!(error instanceof SmtpError)) throw error;
      results = recipients.map(() => ({ ok: false, error }));
    }
    for (const [index, { address }] of recipients.entries()) {
      const result = results[index];
      if (result !== undefined) outcomes.set(address, result);
    }
  }

  /** The next host reports for these recipients. */
  #noteDsn(outcomes: ReadonlyMap<string, ClientOutcome>): void {
    const passedOn = [...outcomes]
      .filter(([, outcome]) => outcome.ok && outcome.dsnPassedOn)
      .map(([address]) => address);
    const before = this.#context.values.get(DSN_PASSED_ON) ?? [];
    this.#context.values.set(DSN_PASSED_ON, [...before, ...passedOn]);
  }
}
