/** A delivery that keeps what it gets and fails where it is told to. */
import type {
  Delivery,
  DeliveryMessage,
  DeliveryTransaction,
  RecipientResult,
} from "#src/module/roles/delivery.ts";
import type { MessageSummary } from "#src/imap/summary.ts";
import type { DeliveryContext } from "#src/module/roles/context.ts";
import type { Envelope, Recipient } from "#src/module/roles/session.ts";
import type { SmtpError } from "#src/smtp/reply.ts";

/** One transaction that came as far as `commit`. */
export interface Delivered {
  readonly envelope: Envelope;
  /** Addresses given, whatever became of them. */
  readonly to: readonly string[];
  readonly header: string;
  readonly body: string;
  readonly summary: MessageSummary | undefined;
}

/** What to do with one recipient. A thrown value breaks the transaction. */
export type Answer = (
  recipient: Recipient,
  context: DeliveryContext,
) => Promise<SmtpError | undefined> | SmtpError | undefined;

/** Keeps messages in memory. */
export class FakeDelivery implements Delivery {
  readonly delivered: Delivered[] = [];
  wantsSummary = false;
  /** Answers at `commit`. */
  answer: Answer = () => undefined;
  /** Answers at `addRecipient`. */
  refuse: (recipient: Recipient) => SmtpError | undefined = () => undefined;
  /** Transactions inside `commit`, and the most there ever were. */
  running = 0;
  peak = 0;

  /** Addresses of all transactions, in order. */
  get addresses(): readonly string[] {
    return this.delivered.flatMap((one) => one.to);
  }

  start(
    envelope: Envelope,
    context: DeliveryContext,
  ): Promise<DeliveryTransaction> {
    const recipients: Recipient[] = [];
    let message: DeliveryMessage | undefined;
    return Promise.resolve({
      addRecipient: (recipient: Recipient) => {
        const refusal = this.refuse(recipient);
        if (refusal === undefined) recipients.push(recipient);
        return Promise.resolve(refusal);
      },
      body: (given: DeliveryMessage) => {
        message = given;
        return Promise.resolve();
      },
      commit: async () => {
        this.running++;
        this.peak = Math.max(this.peak, this.running);
        try {
          return await this.#commit(envelope, context, recipients, message);
        } finally {
          this.running--;
        }
      },
      abort: () => Promise.resolve(),
    });
  }

  async #commit(
    envelope: Envelope,
    context: DeliveryContext,
    recipients: readonly Recipient[],
    message: DeliveryMessage | undefined,
  ): Promise<readonly RecipientResult[]> {
    const body = await new Response(message?.body.open()).text();
    this.delivered.push({
      envelope,
      to: recipients.map((recipient) => recipient.address),
      header: new TextDecoder().decode(message?.header.bytes),
      body,
      summary: message?.summary,
    });
    const results: RecipientResult[] = [];
    for (const recipient of recipients) {
      const error = await this.answer(recipient, context);
      results.push(
        error === undefined
          ? { recipient, ok: true }
          : { recipient, ok: false, error },
      );
    }
    return results;
  }
}
