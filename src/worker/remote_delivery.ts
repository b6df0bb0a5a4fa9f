/**
 * Role `delivery` in another worker. Each recipient is one call; everything
 * else of a message is one call, at commit. The home keeps nothing in between,
 * so that a client that goes away leaves nothing behind.
 */
import type { Log } from "#src/log/log.ts";
import { MemoryBody } from "#src/message/body.ts";
import { HeaderBlock } from "#src/message/header_block.ts";
import type { MessageSummary } from "#src/imap/summary.ts";
import {
  ContextValues,
  type DeliveryContext,
} from "#src/module/roles/context.ts";
import type {
  Delivery,
  DeliveryMessage,
  DeliveryTransaction,
  RecipientResult,
} from "#src/module/roles/delivery.ts";
import type { Envelope, Recipient } from "#src/module/roles/session.ts";
import type { SmtpError } from "#src/smtp/reply.ts";
import { type BodyShelf, RemoteBody, type WireBody } from "./body_shelf.ts";
import type { CallContext, Service } from "./channel.ts";
import type { Link } from "./link.ts";
import { packFields } from "./pack.ts";
import { packBytes } from "./wire_bytes.ts";
import { fromWireError, toWireError, type WireError } from "./wire_error.ts";

/** What stubs must know before the first call. */
export interface DeliveryFacts {
  readonly wantsSummary: boolean;
  readonly checksByReading: boolean;
  readonly relays: boolean;
}

/** What both calls carry. */
interface WireContext {
  readonly envelope: Envelope;
  readonly values: readonly (readonly [string, unknown])[];
  readonly options: Readonly<Record<string, unknown>>;
}

interface WireCommit extends WireContext {
  readonly recipients: readonly Recipient[];
  readonly header: Uint8Array;
  readonly body: WireBody;
  readonly summary: MessageSummary | undefined;
}

/** What a stub is made of. */
export interface RemoteDeliveryOptions {
  /** The home of the instance: it commits. */
  readonly home: Link;
  /** A worker with a copy that reads; the home where there is none. */
  readonly reader: () => Link;
  readonly service: string;
  readonly shelf: BodyShelf;
  readonly facts: DeliveryFacts;
}

/** Stands for a delivery of another worker. */
export class RemoteDelivery implements Delivery {
  readonly #options: RemoteDeliveryOptions;

  constructor(options: RemoteDeliveryOptions) {
    this.#options = options;
  }

  get wantsSummary(): boolean {
    return this.#options.facts.wantsSummary;
  }

  get relays(): boolean {
    return this.#options.facts.relays;
  }

  start(
    envelope: Envelope,
    context: DeliveryContext,
  ): Promise<DeliveryTransaction> {
    return Promise.resolve(
      new RemoteTransaction(this.#options, envelope, context),
    );
  }
}

class RemoteTransaction implements DeliveryTransaction {
  readonly #options: RemoteDeliveryOptions;
  readonly #envelope: Envelope;
  readonly #context: DeliveryContext;
  readonly #recipients: Recipient[] = [];
  #message: DeliveryMessage | undefined;

  constructor(
    options: RemoteDeliveryOptions,
    envelope: Envelope,
    context: DeliveryContext,
  ) {
    this.#options = options;
    this.#envelope = envelope;
    this.#context = context;
  }

  async addRecipient(recipient: Recipient): Promise<SmtpError | undefined> {
    const { home, reader, service, facts } = this.#options;
    const link = facts.checksByReading ? reader() : home;
    const refusal = await link.call(
      service,
      "recipient",
      [this.#wireContext(), recipient],
      { signal: this.#context.signal },
    ) as WireError | undefined;
    if (refusal !== undefined) return fromWireError(refusal) as SmtpError;
    this.#recipients.push(recipient);
    return undefined;
  }

  body(message: DeliveryMessage): Promise<void> {
    this.#message = message;
    return Promise.resolve();
  }

  async commit(): Promise<readonly RecipientResult[]> {
    const message = this.#message;
    if (message === undefined) throw new TypeError("commit before body");
    const transfer: Transferable[] = [];
    const { header, summary } = message;
    const { home, service, shelf } = this.#options;
    const outcomes = await shelf.lend(
      message.body,
      transfer,
      (body) => {
        const commit: WireCommit = {
          ...this.#wireContext(),
          recipients: this.#recipients,
          header: packBytes(header.bytes, transfer, "copy"),
          body,
          summary: packFields(summary, transfer, "copy"),
        };
        return home.call(service, "commit", [commit], {
          signal: this.#context.signal,
          transfer,
        });
      },
    ) as readonly (WireError | undefined)[];
    return this.#recipients.map((recipient, i): RecipientResult => {
      const error = outcomes[i];
      if (error === undefined) return { recipient, ok: true };
      return { recipient, ok: false, error: fromWireError(error) as SmtpError };
    });
  }

  abort(): Promise<void> {
    return Promise.resolve();
  }

  #wireContext(): WireContext {
    return {
      envelope: this.#envelope,
      values: this.#context.values.entries(),
      options: this.#context.options,
    };
  }
}

/** Answers the stubs of a delivery. */
export class DeliveryService implements Service {
  readonly #delivery: Delivery;
  readonly #log: Log;

  constructor(delivery: Delivery, log: Log) {
    this.#delivery = delivery;
    this.#log = log;
  }

  call(
    method: string,
    args: readonly unknown[],
    context: CallContext,
  ): Promise<unknown> {
    if (method === "recipient") {
      const [wire, recipient] = args;
      return this.#recipient(
        wire as WireContext,
        recipient as Recipient,
        context,
      );
    }
    return this.#commit(args[0] as WireCommit, context);
  }

  /** Asks a transaction that is given up at once. */
  async #recipient(
    wire: WireContext,
    recipient: Recipient,
    context: CallContext,
  ): Promise<WireError | undefined> {
    const transaction = await this.#start(wire, context);
    try {
      const refusal = await transaction.addRecipient(recipient);
      return refusal && toWireError(refusal, "");
    } finally {
      await transaction.abort();
    }
  }

  async #commit(
    wire: WireCommit,
    context: CallContext,
  ): Promise<readonly (WireError | undefined)[]> {
    const transaction = await this.#start(wire, context);
    try {
      const outcomes: (WireError | undefined)[] = [];
      const added: number[] = [];
      for (const [i, recipient] of wire.recipients.entries()) {
        const refusal = await transaction.addRecipient(recipient);
        if (refusal === undefined) added.push(i);
        outcomes.push(refusal && toWireError(refusal, ""));
      }
      if (added.length === 0) {
        await transaction.abort();
        return outcomes;
      }
      await transaction.body(messageOf(wire, context));
      const results = await transaction.commit();
      for (const [n, i] of added.entries()) {
        const result = results[n];
        if (result === undefined || result.ok) continue;
        outcomes[i] = toWireError(result.error, "");
      }
      return outcomes;
    } catch (error) {
      await transaction.abort();
      throw error;
    }
  }

  #start(
    { envelope, values, options }: WireContext,
    context: CallContext,
  ): Promise<DeliveryTransaction> {
    return this.#delivery.start(envelope, {
      values: new ContextValues(values),
      options,
      get signal(): AbortSignal {
        return context.signal;
      },
      log: this.#log.with({ message: envelope.id }),
    });
  }
}

function messageOf(wire: WireCommit, context: CallContext): DeliveryMessage {
  const { body, header, summary } = wire;
  return {
    header: new HeaderBlock(header),
    body: "bytes" in body
      ? new MemoryBody(body.bytes)
      : new RemoteBody(context.channel, body.shelf, body.size),
    ...(summary === undefined ? {} : { summary }),
  };
}
