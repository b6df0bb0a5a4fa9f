/**
 * Role `delivery` of `sqlmail`. All recipients of one message are one
 * transaction and share one content; an account with several of the addresses
 * gets one copy.
 */
import type { StorageDriver } from "../driver.ts";
import type { Log } from "#src/log/log.ts";
import type { HeaderBlock } from "#src/message/header_block.ts";
import { StorageError } from "#src/errors/errors.ts";
import { union } from "#src/imap/flags.ts";
import type { MessageSummary } from "#src/imap/summary.ts";
import {
  type DeliveryContext,
  QUARANTINE,
  TAGS,
} from "#src/module/roles/context.ts";
import type {
  Delivery,
  DeliveryMessage,
  DeliveryTransaction,
  RecipientResult,
} from "#src/module/roles/delivery.ts";
import type { Envelope, Recipient } from "#src/module/roles/session.ts";
import { SmtpError } from "#src/smtp/reply.ts";
import { fits, type QuotaLimits } from "./account_usage.ts";
import type { Addressee, Addresses } from "./addresses.ts";
import type { BodyStore, HeldBody } from "./body_store.ts";
import {
  bodySize,
  flagsFor,
  insertContent,
  insertCopy,
  type StoredBody,
  threadIdOf,
} from "./place_messages.ts";
import type { WriteContext } from "./write_context.ts";
import type { Writer } from "./writer.ts";

/** What a delivery is made of. */
export interface DelivererOptions {
  readonly driver: StorageDriver;
  readonly writer: Writer;
  readonly bodies: BodyStore;
  readonly addresses: Addresses;
  readonly defaultQuota: QuotaLimits;
}

/** A recipient of this storage. */
interface Accepted {
  readonly recipient: Recipient;
  readonly addressee: Addressee;
}

/** Delivers into mailboxes. */
export class Deliverer implements Delivery {
  readonly wantsSummary = true;
  readonly checksByReading = true;
  readonly #options: DelivererOptions;

  constructor(options: DelivererOptions) {
    this.#options = options;
  }

  start(
    envelope: Envelope,
    context: DeliveryContext,
  ): Promise<DeliveryTransaction> {
    return Promise.resolve(new Transaction(this.#options, envelope, context));
  }
}

class Transaction implements DeliveryTransaction {
  readonly #options: DelivererOptions;
  readonly #envelope: Envelope;
  readonly #context: DeliveryContext;
  readonly #accepted: Accepted[] = [];
  #message: DeliveryMessage | undefined;

  constructor(
    options: DelivererOptions,
    envelope: Envelope,
    context: DeliveryContext,
  ) {
    this.#options = options;
    this.#envelope = envelope;
    this.#context = context;
  }

  async addRecipient(recipient: Recipient): Promise<SmtpError | undefined> {
    const { driver, addresses, defaultQuota } = this.#options;
    const addressee = await driver.read((sql) =>
      addresses.resolve(sql, recipient.address, defaultQuota)
    );
    if (addressee === undefined) {
      return new SmtpError(550, "1.1", "No such mailbox here");
    }
    if (!addressee.active) {
      return new SmtpError(550, "2.1", "Mailbox is disabled");
    }
    if (!fits(addressee.usage, SMALLEST)) {
      return new SmtpError(452, "2.2", "Mailbox is full");
    }
    const { sizeBytes = 0 } = this.#envelope.parameters;
    if (!fits(addressee.usage, { sizeBytes, messages: 1 })) {
      return noRoom();
    }
    this.#accepted.push({ recipient, addressee });
    return undefined;
  }

  body(message: DeliveryMessage): Promise<void> {
    this.#message = message;
    return Promise.resolve();
  }

  async commit(): Promise<readonly RecipientResult[]> {
    const message = this.#message;
    if (message === undefined) throw new TypeError("commit before body");
    const { summary } = message;
    if (summary === undefined) throw new TypeError("The summary is missing");
    if (this.#accepted.length === 0) return [];
    const accounts = new Map<number, Addressee>();
    for (const { addressee } of this.#accepted) {
      accounts.set(addressee.account, addressee);
    }
    const held = await this.#options.bodies.store(message.body);
    let reached: ReadonlyMap<number, Outcome>;
    try {
      reached = await this.#write(
        [...accounts.keys()],
        this.#withTrace(message.header),
        held,
        summary,
      );
    } finally {
      held.release();
    }
    return this.#accepted.map(({ recipient, addressee }) => {
      const outcome = reached.get(addressee.account);
      if (outcome === "stored") return { recipient, ok: true };
      const error = outcome === "full"
        ? noRoom()
        // The account was removed between RCPT and now.
        : new SmtpError(550, "1.1", "No such mailbox here");
      return { recipient, ok: false, error };
    });
  }

  abort(): Promise<void> {
    this.#message = undefined;
    return Promise.resolve();
  }

  #write(
    accounts: readonly number[],
    header: Uint8Array,
    { body }: HeldBody,
    summary: MessageSummary,
  ): Promise<ReadonlyMap<number, Outcome>> {
    const parcel: Parcel = {
      accounts,
      header,
      body,
      summary,
      threadId: threadIdOf(summary),
      toJunk: this.#context.values.get(QUARANTINE) !== undefined,
      tags: this.#context.values.get(TAGS) ?? [],
      internalDate: this.#envelope.receivedAt,
      log: this.#context.log,
    };
    return this.#options.writer.run((context) => deliver(context, parcel));
  }

  /**
   * The fields of final delivery. RFC 5321 section 4.4: Return-Path.
   * Delivered-To only where there is one recipient: a content is shared, and
   * must not tell one recipient of another.
   */
  #withTrace(header: HeaderBlock): Uint8Array {
    let fields = `Return-Path: <${oneLine(this.#envelope.mailFrom)}>\r\n`;
    const [first, second] = this.#accepted;
    if (first !== undefined && second === undefined) {
      fields += `Delivered-To: ${oneLine(first.recipient.address)}\r\n`;
    }
    return header.prepend(new TextEncoder().encode(fields)).bytes;
  }
}

/** What a mailbox must have room for to get mail at all. */
const SMALLEST = { sizeBytes: 1, messages: 1 };

/** What became of the mail for an account. */
type Outcome = "stored" | "full";

/** There is room, but not for this message. */
function noRoom(): SmtpError {
  return new SmtpError(552, "2.2", "Mailbox has no room for this message");
}

/** Paths never have line breaks or NUL; should one come, it stays harmless. */
function oneLine(path: string): string {
  return path.replaceAll(/[\r\n\0]/g, "");
}

/** A message for accounts of this storage. */
interface Parcel {
  readonly accounts: readonly number[];
  readonly header: Uint8Array;
  readonly body: StoredBody;
  readonly summary: MessageSummary;
  readonly threadId: string;
  readonly toJunk: boolean;
  readonly tags: readonly string[];
  readonly internalDate: number;
  readonly log: Log;
}

/** Puts a parcel into the mailboxes of those accounts that still exist. */
async function deliver(
  context: WriteContext,
  parcel: Parcel,
): Promise<ReadonlyMap<number, Outcome>> {
  const { accounts, header, body } = parcel;
  const sizeBytes = header.length + bodySize(body);
  const outcomes = new Map<number, Outcome>();
  const mailboxes: number[] = [];
  for (const account of accounts) {
    const targets = await context.targets(account);
    if (targets === undefined) continue;
    const usage = await context.usage(account);
    const hasRoom = fits(usage, { sizeBytes, messages: 1 });
    outcomes.set(account, hasRoom ? "stored" : "full");
    if (!hasRoom) continue;
    mailboxes.push(parcel.toJunk ? targets.junk : targets.inbox);
  }
  if (mailboxes.length === 0) return outcomes;
  const content = await insertContent(context, parcel, mailboxes.length);
  for (const mailbox of mailboxes) {
    const flags = await tagFlags(context, mailbox, parcel);
    const state = await context.change(mailbox);
    await insertCopy(context, state, {
      content,
      flags,
      internalDate: parcel.internalDate,
      savedAt: context.now,
      headerBytes: header.length,
      sizeBytes,
      threadId: parcel.threadId,
    });
  }
  return outcomes;
}

/** A tag for which the mailbox has no room must not lose the message. */
async function tagFlags(
  context: WriteContext,
  mailbox: number,
  { tags, log }: Parcel,
): Promise<number> {
  let flags = 0;
  for (const tag of tags) {
    try {
      flags = union(flags, await flagsFor(context, mailbox, [tag]));
    } catch (error) {
      if (!(error instanceof StorageError)) throw error;
      log.warn("tag left out", { tag, reason: error.message });
    }
  }
  return flags;
}
