/** Operations that store new messages: APPEND and REPLACE. */
import { StorageError } from "#src/errors/errors.ts";
import type {
  MailboxId,
  NewMessage,
  PlacedMessages,
  Uid,
} from "#src/imap/backend.ts";
import { type Addition, checkFits } from "./account_usage.ts";
import type { HeldBody } from "./body_store.ts";
import { removeCopy } from "./change_messages.ts";
import { selectRows } from "./message_rows.ts";
import {
  bodySize,
  fittingFlags,
  insertContent,
  insertCopy,
  threadIdOf,
} from "./place_messages.ts";
import type { WriteContext } from "./write_context.ts";

const NOTHING: Addition = { sizeBytes: 0, messages: 0 };

/** How much more the account has then; what leaves it makes room. */
function additionOf(
  messages: readonly NewMessage[],
  leaving: Addition,
): Addition {
  let sizeBytes = -leaving.sizeBytes;
  for (const { header, bodySize } of messages) {
    sizeBytes += header.length + bodySize;
  }
  return { sizeBytes, messages: messages.length - leaving.messages };
}

/**
 * `StorageBackend.append`; `held` has the body of each message. `leaving` is
 * what the account will lose in the same transaction.
 */
export async function appendMessages(
  context: WriteContext,
  mailbox: MailboxId,
  messages: readonly NewMessage[],
  held: readonly HeldBody[],
  leaving: Addition = NOTHING,
): Promise<PlacedMessages> {
  const { uidValidity, usage } = await context.mailbox(mailbox);
  checkFits(usage, additionOf(messages, leaving));
  const uids = new Uint32Array(messages.length);
  // Flags first: one that is refused must not cost a second run of the batch.
  const flags: number[] = [];
  for (const message of messages) {
    flags.push(await fittingFlags(context, mailbox, message.flags));
  }
  for (const [n, message] of messages.entries()) {
    const body = held[n]?.body;
    if (body === undefined) throw new TypeError("A body is missing");
    const { header, summary, internalDate } = message;
    const content = await insertContent(context, { header, body, summary }, 1);
    const state = n === 0
      ? await context.change(mailbox)
      : await context.touch(mailbox);
    uids[n] = await insertCopy(context, state, {
      content,
      flags: flags[n] ?? 0,
      internalDate,
      savedAt: context.now,
      headerBytes: header.length,
      sizeBytes: header.length + bodySize(body),
      threadId: threadIdOf(summary),
    });
  }
  return { mailbox, uidValidity, sourceUids: new Uint32Array(), uids };
}

/** `StorageBackend.replace`. */
export async function replaceMessage(
  context: WriteContext,
  { mailbox, uid, target }: {
    readonly mailbox: MailboxId;
    readonly uid: Uid;
    readonly target: MailboxId;
  },
  message: NewMessage,
  held: HeldBody,
): Promise<PlacedMessages> {
  const source = await context.mailbox(mailbox);
  const { account } = await context.mailbox(target);
  const [row] = await selectRows(context, mailbox, Uint32Array.of(uid));
  if (row === undefined) {
    throw new StorageError("notFound", "The message is gone");
  }
  const leaving = source.account === account
    ? { sizeBytes: row.sizeBytes, messages: 1 }
    : NOTHING;
  const placed = await appendMessages(
    context,
    target,
    [message],
    [held],
    leaving,
  );
  const state = target === mailbox
    ? await context.touch(mailbox)
    : await context.change(mailbox);
  await removeCopy(context, state, row);
  return { ...placed, sourceUids: Uint32Array.of(uid) };
}
