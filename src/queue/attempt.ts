/** One attempt: a message and some of its recipients, given to a delivery. */
import { MailError } from "#src/errors/errors.ts";
import { systemCode } from "#src/errors/system_reason.ts";
import { summarize } from "#src/imap/summary_builder.ts";
import type { Log } from "#src/log/log.ts";
import { HeaderBlock } from "#src/message/header_block.ts";
import { ContextValues } from "#src/module/roles/context.ts";
import type { Delivery, RecipientResult } from "#src/module/roles/delivery.ts";
import type { Recipient } from "#src/module/roles/session.ts";
import { SmtpError } from "#src/smtp/reply.ts";
import { DSN_PASSED_ON } from "./dsn_passed_on.ts";
import type { LastReply, QueuedMessage, QueuedRecipient } from "./queued.ts";

/** What became of one recipient of an attempt. */
export type AttemptResult =
  | { readonly kind: "delivered"; readonly dsnPassedOn: boolean }
  | { readonly kind: "permanent"; readonly reply: LastReply }
  | { readonly kind: "temporary"; readonly reply: LastReply }
  /** The delivery broke: a person has to look. */
  | { readonly kind: "broken"; readonly reply: LastReply };

/** What an attempt needs. */
export interface AttemptInput {
  readonly message: QueuedMessage;
  readonly recipients: readonly QueuedRecipient[];
  readonly delivery: Delivery;
  readonly log: Log;
  readonly signal: AbortSignal;
  readonly now: () => number;
}

/** Gives the message to the delivery. One result a recipient, in order. */
export async function attempt(
  input: AttemptInput,
): Promise<readonly AttemptResult[]> {
  const values = new ContextValues();
  const results = new Map<Recipient, AttemptResult>();
  try {
    for (const result of await run(input, values)) {
      results.set(
        result.recipient,
        result.ok
          ? { kind: "delivered", dsnPassedOn: false }
          : refusal(result.error, input.now()),
      );
    }
  } catch (error) {
    input.signal.throwIfAborted();
    const failure = thrown(error, input);
    for (const { recipient } of input.recipients) {
      if (!results.has(recipient)) results.set(recipient, failure);
    }
  }
  const passedOn = new Set(values.get(DSN_PASSED_ON) ?? []);
  return input.recipients.map(({ recipient }) => {
    const result = results.get(recipient);
    // A delivery that forgets a recipient has broken its contract.
    if (result === undefined) return thrown(new TypeError("No result"), input);
    return result.kind === "delivered"
      ? { ...result, dsnPassedOn: passedOn.has(recipient.address) }
      : result;
  });
}

/** The calls of the delivery contract, in order. */
async function run(
  { message, recipients, delivery, log, signal }: AttemptInput,
  values: ContextValues,
): Promise<readonly RecipientResult[]> {
  const context = { values, options: {}, signal, log };
  const transaction = await delivery.start(message.envelope, context);
  const results: RecipientResult[] = [];
  const added: Recipient[] = [];
  try {
    for (const { recipient } of recipients) {
      const error = await transaction.addRecipient(recipient);
      if (error === undefined) added.push(recipient);
      else results.push({ recipient, ok: false, error });
    }
    if (added.length > 0) {
      const header = new HeaderBlock(message.header);
      const { body } = message;
      // Reports go into mailboxes that keep what IMAP asks for.
      const summary = delivery.wantsSummary === true
        ? { summary: await summarize(header, body) }
        : {};
      await transaction.body({ header, body, ...summary });
    }
  } catch (error) {
    await transaction.abort();
    throw error;
  }
  if (added.length === 0) {
    await transaction.abort();
    return results;
  }
  const committed = await transaction.commit();
  // A stub gives copies of the recipients; the order is part of the contract.
  for (const [index, recipient] of added.entries()) {
    const result = committed[index];
    if (result !== undefined) results.push({ ...result, recipient });
  }
  return results;
}

function refusal(error: SmtpError, at: number): AttemptResult {
  const kind = error.temporary ? "temporary" : "permanent";
  return { kind, reply: replyOf(error, at) };
}

/** The answer in an error, with the host that gave it. */
export function replyOf(error: SmtpError, at: number): LastReply {
  const host = error.fields["host"];
  return {
    code: error.code,
    detail: error.detail,
    text: error.publicText,
    ...(typeof host === "string" ? { host } : {}),
    at,
  };
}

/**
 * What a thrown value means. Errors that the program knows are worth another
 * attempt; anything else is a fault that would only come again.
 */
function thrown(error: unknown, input: AttemptInput): AttemptResult {
  const at = input.now();
  if (error instanceof SmtpError) return refusal(error, at);
  // The disk is full, a connection broke: `ENOSPC`, `ECONNRESET`.
  const isKnown = error instanceof MailError || systemCode(error) !== undefined;
  const reference = crypto.randomUUID().slice(0, 8);
  input.log.error("delivery broke", {
    message: input.message.id,
    reference,
    held: !isKnown,
    error: error instanceof Error ? error.stack ?? error.message : error,
  });
  const text = `Internal error, reference ${reference}`;
  const reply = { code: 451, detail: "3.0", text, at } as const;
  return { kind: isKnown ? "temporary" : "broken", reply };
}
