/** THREAD and UID THREAD. RFC 5256 section 3 and 4. */
import { defineCommand, SELECTED } from "#src/imap/command.ts";
import type { ThreadAlgorithm, ThreadWalk } from "#src/imap/powers.ts";
import { orderedKey, orderOf } from "#src/imap/search_order.ts";
import type { SearchProgram } from "#src/imap/search_program.ts";
import type { Session } from "#src/imap/session.ts";
import { withProgress } from "#src/imap/progress.ts";
import { asciiText } from "#src/imap/wire/ascii.ts";
import { NO_RETURN, parseKeys } from "#src/imap/wire/search_grammar.ts";

interface ThreadProgram {
  readonly algorithm: ThreadAlgorithm;
  readonly program: SearchProgram;
}

export const thread = defineCommand<ThreadProgram>({
  name: "THREAD",
  states: SELECTED,
  uid: "also",
  capability: ["THREAD=ORDEREDSUBJECT", "THREAD=REFERENCES"],
  power: "order",
  updates: (uid, { program }) =>
    uid && !program.hasNumbers ? "all" : "noExpunge",
  parse(cursor) {
    cursor.sp();
    const algorithm = cursor.word("threading algorithm");
    if (algorithm !== "ORDEREDSUBJECT" && algorithm !== "REFERENCES") {
      return cursor.fail("ORDEREDSUBJECT or REFERENCES");
    }
    cursor.sp();
    const charset = asciiText(cursor.astring());
    cursor.sp();
    const program = parseKeys(cursor, NO_RETURN, charset);
    cursor.end();
    return { algorithm, program };
  },
  async run(session, { algorithm, program }, { uid, tag }) {
    const { selected } = session;
    const work = orderOf(session).thread({
      mailbox: selected.view.mailbox,
      key: orderedKey(session, program),
      algorithm,
    });
    const walk = await withProgress(session, tag, work);
    await writeThreads(
      session,
      walk,
      uid ? (one) => one : (one) => selected.seqOf(one),
    );
    return { text: "Threaded" };
  },
});

/**
 * `* THREAD (2)(3 6 (4 23)(44 7 96))`: an only child follows its parent, of
 * several each has its parentheses; a parent that nobody has is left out.
 */
async function writeThreads(
  session: Session,
  { uids, depths }: ThreadWalk,
  numberOf: (uid: number) => number,
): Promise<void> {
  const { out } = session;
  const children = childCounts(depths);
  /** Depths at which parentheses are open. */
  const open: number[] = [];
  /** Index of the last message at each depth. */
  const path: number[] = [];
  out.text("* THREAD");
  if (uids.length > 0) out.text(" ");
  for (let i = 0; i < uids.length; i++) {
    const depth = depths[i] ?? 0;
    while (open.length > 0 && (open.at(-1) ?? 0) >= depth) {
      open.pop();
      out.text(")");
    }
    const parent = depth === 0 ? undefined : path[depth - 1];
    const isOnly = parent !== undefined && children[parent] === 1;
    if (!isOnly) {
      const follows = parent !== undefined && uids[parent] !== 0 &&
        isFirstChild(depths, i);
      out.text(follows ? " (" : "(");
      open.push(depth);
    } else if (uids[parent] !== 0) out.text(" ");
    const uid = uids[i] ?? 0;
    if (uid !== 0) out.text(String(numberOf(uid)));
    path[depth] = i;
    if (out.isFull) await out.relieve();
  }
  out.text(")".repeat(open.length)).crlf();
}

/** How many children each message has. */
function childCounts(depths: Uint32Array): Uint32Array {
  const counts = new Uint32Array(depths.length);
  const path: number[] = [];
  for (let i = 0; i < depths.length; i++) {
    const depth = depths[i] ?? 0;
    const parent = depth === 0 ? undefined : path[depth - 1];
    if (parent !== undefined) counts[parent] = (counts[parent] ?? 0) + 1;
    path[depth] = i;
  }
  return counts;
}

/** Whether the message stands right behind its parent. */
function isFirstChild(depths: Uint32Array, index: number): boolean {
  return (depths[index - 1] ?? 0) < (depths[index] ?? 0);
}
