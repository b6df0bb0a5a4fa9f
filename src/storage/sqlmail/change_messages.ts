/** Operations on messages that are there: STORE, EXPUNGE, COPY, MOVE. */
import type {
  CopyOptions,
  FlagGuard,
  MailboxId,
  PlacedMessages,
  StoreOutcome,
  StoreRequest,
} from "#src/imap/backend.ts";
import {
  DELETED_BIT,
  difference,
  flagNames,
  flagSetOf,
  hasBit,
  union,
} from "#src/imap/flags.ts";
import { checkFits } from "./account_usage.ts";
import { keptFlags } from "./flag_guard.ts";
import { type MailboxState, statusNow } from "./mailbox_state.ts";
import { ascending, type MessageRow, selectRows } from "./message_rows.ts";
import {
  countFlags,
  fittingFlags,
  flagsFor,
  insertCopy,
} from "./place_messages.ts";
import type { WriteContext } from "./write_context.ts";

/** `StorageBackend.storeFlags`. */
export async function storeFlags(
  context: WriteContext,
  mailbox: MailboxId,
  uids: Uint32Array,
  request: StoreRequest,
): Promise<StoreOutcome> {
  const rows = await selectRows(context, mailbox, ascending(uids));
  const limit = request.unchangedSince ?? Number.MAX_SAFE_INTEGER;
  const kept = rows.filter(({ modSeq }) => modSeq <= limit);
  const modified = rows.filter(({ modSeq }) => modSeq > limit);
  const { keywords, highestModSeq: before } = await context.mailbox(mailbox);
  // A keyword that may not be set gets no bit either.
  const addsNone = request.mode === "remove" ||
    request.mayChange?.others === false;
  const asked = addsNone || kept.length === 0
    ? flagSetOf(request.flags, keywords)
    : await flagsFor(context, mailbox, request.flags);
  const modSeqs = new Float64Array(kept.length);
  const flags = new Float64Array(kept.length);
  let state: MailboxState | undefined;
  for (const [n, row] of kept.entries()) {
    const wanted = keptFlags(
      row.flags,
      applied(row.flags, asked, request.mode),
      request.mayChange,
    );
    flags[n] = wanted;
    modSeqs[n] = row.modSeq;
    if (wanted === row.flags) continue;
    state ??= await context.change(mailbox);
    modSeqs[n] = state.highestModSeq;
    await context.run(
      "UPDATE messages SET flags = ?, modseq = ? WHERE mailbox = ? AND uid = ?",
      [wanted, state.highestModSeq, mailbox, row.uid],
    );
    countFlags(state, row, -1);
    countFlags(state, { ...row, flags: wanted }, 1);
  }
  const after = await context.mailbox(mailbox);
  return {
    uids: uidsOf(kept),
    modSeqs,
    flags,
    modified: uidsOf(modified),
    keywords: after.keywords,
    step: { before, status: statusNow(after) },
  };
}

function applied(
  before: number,
  asked: number,
  mode: StoreRequest["mode"],
): number {
  if (mode === "add") return union(before, asked);
  return mode === "remove" ? difference(before, asked) : asked;
}

function uidsOf(rows: readonly MessageRow[]): Uint32Array {
  return Uint32Array.from(rows, ({ uid }) => uid);
}

/** `StorageBackend.expunge`. */
export async function expungeMessages(
  context: WriteContext,
  mailbox: MailboxId,
  uids: Uint32Array,
): Promise<Uint32Array> {
  const rows = await selectRows(context, mailbox, ascending(uids));
  const doomed = rows.filter(({ flags }) => hasBit(flags, DELETED_BIT));
  if (doomed.length === 0) return new Uint32Array();
  const state = await context.change(mailbox);
  for (const row of doomed) await removeCopy(context, state, row);
  return uidsOf(doomed);
}

/** Removes a copy; its content too, where it was the last one. */
export async function removeCopy(
  context: WriteContext,
  state: MailboxState,
  row: MessageRow,
): Promise<void> {
  await removeRow(context, state, row);
  await context.run("UPDATE contents SET uses = uses - 1 WHERE id = ?", [
    row.content,
  ]);
}

/** Takes a copy out of its mailbox and notes that in the change log. */
async function removeRow(
  context: WriteContext,
  state: MailboxState,
  row: MessageRow,
): Promise<void> {
  await context.run("DELETE FROM messages WHERE mailbox = ? AND uid = ?", [
    state.id,
    row.uid,
  ]);
  await context.run(
    "INSERT INTO expunged (mailbox, modseq, uid) VALUES (?, ?, ?)",
    [state.id, state.highestModSeq, row.uid],
  );
  state.messages--;
  state.sizeBytes -= row.sizeBytes;
  state.usage.messages--;
  state.usage.sizeBytes -= row.sizeBytes;
  countFlags(state, row, -1);
}

/** `StorageBackend.copy`. */
export async function copyMessages(
  context: WriteContext,
  mailbox: MailboxId,
  uids: Uint32Array,
  target: MailboxId,
  { move, mayChange }: CopyOptions,
): Promise<PlacedMessages> {
  const source = await context.mailbox(mailbox);
  const { account, uidValidity, usage } = await context.mailbox(target);
  const rows = await selectRows(context, mailbox, ascending(uids));
  if (!move || source.account !== account) {
    checkFits(usage, {
      sizeBytes: rows.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
      messages: rows.length,
    });
  }
  const placed = new Uint32Array(rows.length);
  if (rows.length > 0) {
    const translate = await translation(context, rows, {
      from: mailbox,
      to: target,
      mayChange,
    });
    const state = await context.change(target);
    for (const [n, row] of rows.entries()) {
      placed[n] = await insertCopy(context, state, {
        ...row,
        flags: translate(row.flags),
        savedAt: context.now,
      });
      if (move) continue;
      await context.run("UPDATE contents SET uses = uses + 1 WHERE id = ?", [
        row.content,
      ]);
    }
    if (move) {
      const from = target === mailbox ? state : await context.change(mailbox);
      for (const row of rows) await removeRow(context, from, row);
    }
  }
  return {
    mailbox: target,
    uidValidity,
    sourceUids: uidsOf(rows),
    uids: placed,
  };
}

/** How flags of one mailbox become flags of another. */
async function translation(
  context: WriteContext,
  rows: readonly MessageRow[],
  { from, to, mayChange }: {
    readonly from: MailboxId;
    readonly to: MailboxId;
    readonly mayChange: FlagGuard | undefined;
  },
): Promise<(flags: number) => number> {
  const { keywords } = await context.mailbox(from);
  const translated = new Map<number, number>();
  for (const { flags } of rows) {
    if (translated.has(flags)) continue;
    const names = flagNames(keptFlags(0, flags, mayChange), keywords);
    translated.set(flags, await fittingFlags(context, to, names));
  }
  return (flags) => translated.get(flags) ?? 0;
}
