/** One client of a stress run: selects, acts, leaves, comes back. */
import { act } from "./stress_imap_actions.ts";
import { expandSet } from "./stress_imap_parse.ts";
import { StressSession, type Target } from "./stress_imap_session.ts";
import type { StressView } from "./stress_imap_view.ts";
import { type BoxTruth, check, type Random } from "./stress_imap_world.ts";

const NOTIFY = "NOTIFY SET (SELECTED-DELAYED " +
  "(MessageNew MessageExpunge FlagChange))";

/** What the clients of a run share. */
export interface Stage {
  readonly target: Target;
  readonly boxes: readonly BoxTruth[];
  readonly nextMessage: () => number;
  readonly nextSerial: () => number;
}

/** What a client keeps of a mailbox that it leaves. RFC 7162 section 3.2.5. */
interface Kept {
  readonly uidValidity: number;
  readonly modSeq: number;
  /** UIDs with the flags, where they were known. */
  readonly messages: ReadonlyMap<number, string | undefined>;
}

export class StressClient {
  readonly name: string;
  actions = 0;
  session: StressSession | undefined;
  readonly #stage: Stage;
  readonly #random: Random;
  readonly #own: string;
  readonly #kept = new Map<BoxTruth, Kept>();

  constructor(stage: Stage, number: number, random: Random) {
    this.name = `client ${number}`;
    this.#stage = stage;
    this.#random = random;
    this.#own = `$own${number}`;
  }

  /** Does random things until the moment has come. */
  async live(until: number): Promise<void> {
    while (performance.now() < until) {
      const view = this.session?.view ?? await this.#join();
      const { session } = this;
      if (session === undefined) return;
      if (this.#random.chance(3)) await this.#leave();
      else {
        const { boxes, nextMessage } = this.#stage;
        const random = this.#random;
        await act({ session, view, random, boxes, nextMessage });
      }
      this.actions++;
    }
  }

  /** Asks for news and gives the view, if a mailbox is selected. */
  async settle(): Promise<StressView | undefined> {
    await this.session?.ok({ text: "NOOP" });
    this.session?.throwIfFailed();
    return this.session?.view;
  }

  /** Ends the connection. */
  async close(): Promise<void> {
    await this.session?.logout();
    this.session = undefined;
  }

  async #join(): Promise<StressView> {
    const random = this.#random;
    this.session ??= await this.#login();
    const { session } = this;
    const box = this.#pickBox(session);
    const gone = new Set(box.gone);
    const kept = session.qresync ? this.#kept.get(box) : undefined;
    const parameters = kept === undefined
      ? random.pick(["", " (CONDSTORE)"])
      : ` (QRESYNC (${kept.uidValidity} ${kept.modSeq}))`;
    const view = await session.select(box, parameters);
    for (const { uid } of view.entries) {
      check(uid === undefined || !gone.has(uid), `${uid} is back`);
    }
    const vanished = session.answers.filter(([name]) => name === "VANISHED")
      .flatMap(([, , set]) => expandSet(String(set)));
    const modSeq = session.toldModSeq;
    box.highestModSeq = Math.max(box.highestModSeq, modSeq);
    const resynced = new Map(
      view.entries.map(({ uid, flags }) => [uid, flags]),
    );
    if (kept === undefined && random.chance(40)) return view;
    if (view.entries.length > 0) {
      const text = "FETCH 1:* (UID FLAGS MODSEQ)";
      await session.run([{ text, byNumber: true }]);
    }
    for (const { uid } of view.entries) {
      check(uid === undefined || !gone.has(uid), `${uid} is back`);
    }
    if (kept !== undefined) {
      checkResync(view, { kept, vanished, modSeq, resynced });
    }
    return view;
  }

  /** Most of the time one that it knows already. */
  #pickBox(session: StressSession): BoxTruth {
    const { boxes } = this.#stage;
    const known = boxes.filter((box) => this.#kept.has(box));
    return session.qresync && known.length > 0 && this.#random.chance(70)
      ? this.#random.pick(known)
      : this.#random.pick(boxes);
  }

  async #login(): Promise<StressSession> {
    const random = this.#random;
    const session = await StressSession.login(this.#stage.target, {
      nextSerial: this.#stage.nextSerial,
      own: this.#own,
    });
    if (random.chance(60)) {
      await session.ok({ text: "ENABLE QRESYNC" });
      session.qresync = true;
    } else if (random.chance(50)) {
      await session.ok({ text: "ENABLE CONDSTORE" });
    }
    // RFC 5465: news come at any time, EXPUNGE as without.
    if (random.chance(25)) await session.ok({ text: NOTIFY });
    return session;
  }

  async #leave(): Promise<void> {
    const { session } = this;
    const { view } = session ?? {};
    if (session === undefined || view === undefined) return;
    const random = this.#random;
    if (random.chance(60)) await this.#learnUids(session, view);
    if (random.chance(50)) {
      this.#keep(session, view);
      this.session = undefined;
      await (random.chance(70) ? session.logout() : session.close());
      return;
    }
    // CLOSE removes messages of which this client is never told.
    const closes = random.chance(30);
    if (closes) this.#kept.delete(view.box);
    await session.ok({ text: closes ? "CLOSE" : "UNSELECT" });
    if (!closes) this.#keep(session, view);
    session.view = undefined;
  }

  /**
   * Asks for the UIDs that are not known, and for no flags: only what the
   * server tells by itself may hide that it said HIGHESTMODSEQ too early.
   */
  async #learnUids(session: StressSession, view: StressView): Promise<void> {
    if (this.#random.chance(20)) await session.ok({ text: "EXPUNGE" });
    for (let tries = 0; tries < 3; tries++) {
      if (view.entries.every(({ uid }) => uid !== undefined)) return;
      const byNumber = this.#random.chance(50);
      const text = `${byNumber ? "" : "UID "}FETCH 1:* (UID)`;
      await session.run([{ text, byNumber }]);
    }
  }

  #keep(session: StressSession, view: StressView): void {
    const { box, entries } = view;
    const { toldModSeq: modSeq } = session;
    const messages = new Map<number, string | undefined>();
    for (const { uid, flags } of entries) {
      if (uid !== undefined) messages.set(uid, flags);
    }
    const { uidValidity } = box;
    if (uidValidity === undefined || modSeq === 0) return;
    // What was not known of would not be told of either.
    if (messages.size < entries.length) this.#kept.delete(box);
    else this.#kept.set(box, { uidValidity, modSeq, messages });
  }
}

interface Resync {
  readonly kept: Kept;
  /** UIDs told as `VANISHED (EARLIER)`. */
  readonly vanished: readonly number[];
  readonly modSeq: number;
  /** UIDs and flags told by the SELECT itself. */
  readonly resynced: ReadonlyMap<number | undefined, string | undefined>;
}

/** What was kept and what SELECT told must make the mailbox of that moment. */
function checkResync(view: StressView, resync: Resync): void {
  const { kept, modSeq, resynced } = resync;
  const vanished = new Set(resync.vanished);
  const now = new Map(view.entries.map((entry) => [entry.uid, entry]));
  for (const [uid, flags] of kept.messages) {
    if (vanished.has(uid)) {
      check(!now.has(uid), `${uid} is here, though VANISHED`);
      continue;
    }
    const entry = now.get(uid);
    if (entry === undefined) {
      // It may be one that went away since, and is still counted.
      check(
        now.has(undefined) || view.removed.has(uid),
        `${uid} is gone, but not VANISHED`,
      );
      continue;
    }
    const told = resynced.get(uid) ?? flags;
    if (told === undefined || (entry.modSeq ?? Infinity) > modSeq) continue;
    check(
      entry.flags === told,
      `flags of ${uid} should be ${told} after QRESYNC, are ${entry.flags}`,
    );
  }
}
