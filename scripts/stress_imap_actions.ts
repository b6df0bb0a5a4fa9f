/**
 * What a client of a stress run does: one random, valid action after the other,
 * and what has to hold after each.
 */
import { expandSet, pairs, type Value } from "./stress_imap_parse.ts";
import type { Command, Outcome, StressSession } from "./stress_imap_session.ts";
import type { Entry, Items, StressView } from "./stress_imap_view.ts";
import {
  type BoxTruth,
  check,
  type Random,
  stressMessage,
} from "./stress_imap_world.ts";

/** Above this a mailbox gets no more messages. */
const MOST_MESSAGES = 150;
/** Longest list of commands that are sent at once. */
const MOST_PIPELINED = 6;

/** What an action works with. */
export interface Scene {
  readonly session: StressSession;
  readonly view: StressView;
  readonly random: Random;
  /** All mailboxes of the run. */
  readonly boxes: readonly BoxTruth[];
  readonly nextMessage: () => number;
}

type Action = (scene: Scene) => Promise<void>;

/** Some messages of a view, and their names in a command. */
interface Choice {
  readonly entries: readonly Entry[];
  readonly set: string;
  /** `UID ` before the name of the command, or nothing. */
  readonly by: "" | "UID ";
}

const FLAGS = ["\\Seen", "\\Flagged", "\\Answered", "\\Draft", "$shared"];

/** Some messages; `undefined` when there are none to be named that way. */
function choose(scene: Scene, most: number): Choice | undefined {
  const { view, random } = scene;
  const { entries } = view;
  if (entries.length === 0) return undefined;
  const first = random.below(entries.length);
  const count = 1 + random.below(most);
  const chosen = entries.slice(first, first + count);
  const uids = chosen.flatMap(({ uid }) => uid ?? []);
  if (uids.length === chosen.length && random.chance(60)) {
    const set = random.chance(50)
      ? uids.join(",")
      : `${uids[0]}:${uids.at(-1)}`;
    return { entries: chosen, set, by: "UID " };
  }
  const set = chosen.length === 1
    ? `${first + 1}`
    : `${first + chosen.length}:${first + 1}`;
  return { entries: chosen, set, by: "" };
}

async function append({ session, view, random, nextMessage }: Scene) {
  if (view.entries.length >= MOST_MESSAGES) return;
  const { box } = view;
  const floor = box.uidNext;
  const flags = random.chance(50) ? ` (${random.pick(FLAGS)})` : "";
  const count = random.chance(80) ? 1 : 3;
  const ids = Array.from({ length: count }, nextMessage);
  const { code, argument } = await session.ok({
    text: `APPEND ${box.name}${flags}`,
    data: ids.map(stressMessage),
  });
  check(code === "APPENDUID", "APPEND without APPENDUID");
  const uids = expandSet(argument.split(" ")[1] ?? "");
  check(uids.length === ids.length, `APPENDUID ${argument}: not ${count}`);
  for (const [i, uid] of uids.entries()) {
    check(uid >= floor, `APPENDUID ${uid}, though UIDNEXT was ${floor}`);
    const id = ids[i] ?? 0;
    box.seen(uid);
    box.constant(uid, "content", String(id));
    box.constant(uid, "RFC822.SIZE", String(stressMessage(id).length));
  }
}

/** What is asked for, and what each answer must have. */
const ITEMS: readonly (readonly [string, readonly string[]])[] = [
  ["FLAGS", ["FLAGS"]],
  ["(UID FLAGS)", ["UID", "FLAGS"]],
  ["(UID FLAGS MODSEQ)", ["UID", "FLAGS", "MODSEQ"]],
  ["(UID RFC822.SIZE INTERNALDATE)", ["UID", "RFC822.SIZE", "INTERNALDATE"]],
  ["(FLAGS ENVELOPE BODYSTRUCTURE)", ["FLAGS", "ENVELOPE", "BODYSTRUCTURE"]],
  ["(UID BODY.PEEK[])", ["UID", "BODY[]"]],
  ["(UID BODY[])", ["UID", "BODY[]"]],
  ["(UID BODY.PEEK[TEXT]<0.20> FLAGS)", ["UID", "BODY[TEXT]<0>", "FLAGS"]],
];

async function fetch(scene: Scene): Promise<void> {
  const { session, view, random } = scene;
  const choice = choose(scene, random.chance(20) ? 200 : 8);
  if (choice === undefined) return;
  const [items, names] = random.pick(ITEMS);
  const got = new Set<Entry>();
  view.onFetch = (entry: Entry, given: Items) => {
    if (names.every((name) => given.has(name))) got.add(entry);
  };
  const text = `${choice.by}FETCH ${choice.set} ${items}`;
  const [outcome] = await session.run([{ text, byNumber: !choice.by }]);
  view.onFetch = undefined;
  settle(view, choice, got, outcome);
}

/** OK, or else some messages are gone. */
function checkGone(outcome: Outcome | undefined): void {
  check(
    outcome?.status === "OK" || outcome?.code === "EXPUNGEISSUED",
    `unexpected ${outcome?.text}`,
  );
}

/** Messages that a command passed over must be on their way out. */
function settle(
  view: StressView,
  choice: Choice,
  got: ReadonlySet<Entry>,
  outcome: Outcome | undefined,
): void {
  checkGone(outcome);
  for (const entry of choice.entries) {
    if (!got.has(entry) && view.seqOf(entry) > 0) view.owed.add(entry);
  }
}

async function store(scene: Scene): Promise<void> {
  const { session, random } = scene;
  const choice = choose(scene, 6);
  if (choice === undefined) return;
  const deletes = random.chance(25);
  const how = deletes ? "+" : random.pick(["+", "-"]);
  const flag = deletes ? "\\Deleted" : random.pick(FLAGS);
  const silent = random.chance(30) ? ".SILENT" : "";
  const [outcome] = await session.run([{
    text: `${choice.by}STORE ${choice.set} ${how}FLAGS${silent} (${flag})`,
    byNumber: !choice.by,
  }]);
  if (silent) forgetFlags(choice);
  checkGone(outcome);
}

/** The server need not tell what a client could know itself. */
function forgetFlags(choice: Choice): void {
  for (const entry of choice.entries) entry.flags = undefined;
}

/** The client's own keyword: what it says must be so from then on. */
async function storeOwn(scene: Scene): Promise<void> {
  const { session, view, random } = scene;
  const choice = choose(scene, 10);
  if (choice === undefined) return;
  const adds = random.chance(50);
  const { own } = session.identity;
  view.ownIsChanging = true;
  for (const entry of choice.entries) entry.own = undefined;
  const [outcome] = await session.run([{
    text: `${choice.by}STORE ${choice.set} ${adds ? "+" : "-"}FLAGS (${own})`,
    byNumber: !choice.by,
  }]);
  view.ownIsChanging = false;
  checkGone(outcome);
  for (const entry of choice.entries) {
    // UID STORE says nothing of a message that is gone; what was told of it
    // before the command was read is no answer.
    if (entry.own === adds || view.seqOf(entry) === 0) continue;
    if (outcome?.code !== "EXPUNGEISSUED") {
      const isSilent = entry.own === undefined;
      check(isSilent, `STORE of ${own} on ${entry.uid} had no effect`);
      // A server may say nothing where nothing changes.
      entry.own = adds;
    } else if (entry.own !== undefined) {
      // It was told as before, so it must be one of those that are gone.
      view.owed.add(entry);
    }
  }
}

/** What changed meanwhile is left alone. RFC 7162 section 3.1.3. */
async function storeUnchanged(scene: Scene): Promise<void> {
  const { session, view, random } = scene;
  const choice = choose(scene, 5);
  const [entry] = choice?.entries ?? [];
  if (choice === undefined || entry?.modSeq === undefined) return;
  const { own } = session.identity;
  for (const each of choice.entries) each.own = undefined;
  view.ownIsChanging = true;
  const [outcome] = await session.run([{
    text: `${choice.by}STORE ${choice.set} (UNCHANGEDSINCE ${entry.modSeq}) ` +
      `${random.pick(["+", "-"])}FLAGS.SILENT (${own})`,
    byNumber: !choice.by,
  }]);
  view.ownIsChanging = false;
  forgetFlags(choice);
  for (const each of choice.entries) each.own = undefined;
  if (outcome?.code === "MODIFIED") {
    const named = expandSet(outcome.argument);
    check(named.length > 0, "MODIFIED names nothing");
  }
  if (outcome?.code !== "MODIFIED") checkGone(outcome);
}

async function expunge(scene: Scene): Promise<void> {
  const { session, view, random } = scene;
  const known = view.entries.flatMap(({ uid }) => uid ?? []);
  const first = known[random.below(Math.max(1, known.length))];
  const text = first !== undefined && random.chance(50)
    ? `UID EXPUNGE ${first}:${first + 5}`
    : "EXPUNGE";
  await session.ok({ text });
}

async function copyOrMove(scene: Scene): Promise<void> {
  const { session, view, random, boxes } = scene;
  const choice = choose(scene, 5);
  if (choice === undefined) return;
  const to = random.pick(boxes);
  const moves = random.chance(50);
  if (!moves && to === view.box && view.entries.length > MOST_MESSAGES) return;
  const floor = to.uidNext;
  const [outcome] = await session.run([{
    text: `${choice.by}${moves ? "MOVE" : "COPY"} ${choice.set} ${to.name}`,
  }]);
  if (outcome?.status !== "OK") {
    const isFine = outcome?.code === "EXPUNGEISSUED" ||
      outcome?.code === "NONEXISTENT";
    check(isFine, `unexpected ${outcome?.text}`);
    return;
  }
  const given = outcome.code === "COPYUID" ? outcome.argument : session.copied;
  if (given === undefined) return;
  const [, from = "", into = ""] = given.split(" ");
  const sources = expandSet(from);
  const copies = expandSet(into);
  check(sources.length === copies.length, `COPYUID ${given}: uneven`);
  for (const [i, uid] of copies.entries()) {
    check(uid >= floor, `COPYUID ${uid}, though UIDNEXT was ${floor}`);
    to.seen(uid);
    const source = sources[i] ?? 0;
    for (const fact of ["content", "RFC822.SIZE", "INTERNALDATE"]) {
      const value = view.box.known(source, fact);
      if (value !== undefined) to.constant(uid, fact, value);
    }
    if (moves) {
      check(
        view.byUid(source) === undefined,
        `UID ${source} was moved, its EXPUNGE not told`,
      );
    }
  }
}

async function search(scene: Scene): Promise<void> {
  const { session, view } = scene;
  const { own } = session.identity;
  const expected = view.entries.filter((entry) => entry.own === true);
  const unwanted = view.entries.filter((entry) => entry.own === false);
  await session.ok({ text: `SEARCH KEYWORD ${own}`, byNumber: true });
  const answer = session.answers.find(([name]) => name === "SEARCH");
  check(answer !== undefined, "no SEARCH response");
  const found = new Set(
    answer.slice(1).map((n) => view.entries[Number(n) - 1]),
  );
  check(!found.has(undefined), "SEARCH found a message that is not here");
  for (const entry of unwanted) {
    check(
      !found.has(entry),
      `SEARCH found ${view.seqOf(entry)} without ${own}`,
    );
  }
  for (const entry of expected) if (!found.has(entry)) view.owed.add(entry);
}

const KEYS = [
  "ALL",
  "UNSEEN",
  "DELETED",
  "NOT DELETED FLAGGED",
  "OR SEEN KEYWORD $shared",
  "SUBJECT m1",
  "BODY message",
  "TEXT stress LARGER 500",
  "SINCE 1-Jan-2020",
  "UID 1:*",
];

async function uidSearch(scene: Scene): Promise<void> {
  const { session, random } = scene;
  await session.ok({
    text: `UID SEARCH RETURN (MIN MAX COUNT ALL) ${random.pick(KEYS)}`,
  });
  const answer = session.answers.find(([name]) => name === "ESEARCH");
  check(answer !== undefined, "no ESEARCH response");
  check(answer[2] === "UID", "ESEARCH without UID");
  const data = pairs(answer.slice(3));
  const all = data.get("ALL");
  const uids = typeof all === "string" ? expandSet(all) : [];
  check(Number(data.get("COUNT")) === uids.length, "COUNT is not that of ALL");
  if (uids.length === 0) return;
  const [min, max] = [Math.min(...uids), Math.max(...uids)];
  check(Number(data.get("MIN")) === min, `MIN is not ${min}`);
  check(Number(data.get("MAX")) === max, `MAX is not ${max}`);
}

async function status(scene: Scene): Promise<void> {
  const { session, random, view } = scene;
  // RFC 9051 section 6.3.11: of the selected mailbox it need not be fresh.
  const boxes = scene.boxes.filter((box) => box !== view.box);
  const box = random.pick(boxes);
  const { uidNext, highestModSeq } = box;
  await session.ok({
    text: `STATUS ${box.name} (MESSAGES UIDNEXT UIDVALIDITY UNSEEN ` +
      "HIGHESTMODSEQ)",
  });
  const answer = session.answers.find(([name]) => name === "STATUS");
  const data = pairs(answer?.[2]);
  const value = (name: string): number => numberOf(data.get(name));
  box.sawUidValidity(value("UIDVALIDITY"));
  check(value("UIDNEXT") >= uidNext, `UIDNEXT fell below ${uidNext}`);
  check(
    value("HIGHESTMODSEQ") >= highestModSeq,
    `HIGHESTMODSEQ fell below ${highestModSeq}`,
  );
  check(value("UNSEEN") <= value("MESSAGES"), "more UNSEEN than MESSAGES");
  box.seen(value("UIDNEXT") - 1);
  box.highestModSeq = Math.max(box.highestModSeq, value("HIGHESTMODSEQ"));
}

function numberOf(value: Value | undefined): number {
  const number = typeof value === "string" ? Number(value) : NaN;
  check(Number.isSafeInteger(number), `not a number: ${value}`);
  return number;
}

async function poll({ session, view, random }: Scene): Promise<void> {
  const owed = [...view.owed];
  await session.ok({ text: random.chance(80) ? "NOOP" : "CHECK" });
  for (const entry of owed) {
    check(
      !view.owed.has(entry),
      `${entry.uid} was passed over, and is still here`,
    );
  }
}

async function idle({ session, random }: Scene): Promise<void> {
  const ms = random.below(40);
  await session.idle(() => new Promise((over) => setTimeout(over, ms)));
}

/** Commands by number do not let numbers change under those behind them. */
async function pipelined(scene: Scene): Promise<void> {
  const { session, view, random } = scene;
  const wanted = random.pick(["", "UID "]);
  const commands: Command[] = [];
  const { own } = session.identity;
  for (let i = 0; i < MOST_PIPELINED * 2; i++) {
    const choice = choose(scene, 4);
    if (choice === undefined || choice.by !== wanted) continue;
    const { by, set } = choice;
    const text = random.pick([
      `${by}FETCH ${set} (UID FLAGS)`,
      `${by}FETCH ${set} (UID BODY.PEEK[])`,
      `${by}STORE ${set} ${random.pick(["+", "-"])}FLAGS (${own})`,
      `${by}STORE ${set} +FLAGS (${random.pick(FLAGS)})`,
      `${by}SEARCH UNSEEN`,
    ]);
    commands.push({ text, byNumber: by === "" });
    if (by !== "" && random.chance(15)) {
      commands.push({ text: "UID EXPUNGE 1:*" });
    }
    if (commands.length >= MOST_PIPELINED) break;
  }
  view.ownIsChanging = true;
  const outcomes = await session.run(commands);
  view.ownIsChanging = false;
  for (const outcome of outcomes) checkGone(outcome);
}

/** Actions and how often each is done. */
const ACTIONS: readonly (readonly [number, Action])[] = [
  [12, append],
  [20, fetch],
  [12, store],
  [12, storeOwn],
  [4, storeUnchanged],
  [6, expunge],
  [7, copyOrMove],
  [5, search],
  [5, uidSearch],
  [5, status],
  [8, poll],
  [3, idle],
  [8, pipelined],
];

const TOTAL = ACTIONS.reduce((sum, [weight]) => sum + weight, 0);

/** Does one action. */
export async function act(scene: Scene): Promise<void> {
  let at = scene.random.below(TOTAL);
  for (const [weight, action] of ACTIONS) {
    at -= weight;
    if (at < 0) return await action(scene);
  }
}
