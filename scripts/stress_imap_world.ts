/**
 * What every client of a stress run knows together: facts of messages that
 * may never change, and what no two sessions may see differently.
 */

/** Chooses; the same seed gives the same choices. */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** 0 to `below` less one. */
  below(below: number): number {
    // Mulberry32: small, and good enough to choose commands.
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = this.#state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  }

  /** True in `percent` of a hundred cases. */
  chance(percent: number): boolean {
    return this.below(100) < percent;
  }

  pick<T>(from: readonly T[]): T {
    const chosen = from[this.below(from.length)];
    if (chosen === undefined) throw new RangeError("nothing to pick from");
    return chosen;
  }
}

/** Something that a correct server does not do. */
export class StressError extends Error {
  override name = "StressError";
}

/** Fails a check. */
export function check(holds: boolean, what: string): asserts holds {
  if (!holds) throw new StressError(what);
}

/** The truth about one mailbox. */
export class BoxTruth {
  readonly name: string;
  uidValidity: number | undefined;
  /** No new message may have a UID below. */
  uidNext = 1;
  highestModSeq = 0;
  /** Messages whose EXPUNGE some session was told. */
  readonly gone = new Set<number>();
  readonly #constant = new Map<string, string>();
  readonly #recent = new Map<number, number>();

  constructor(name: string) {
    this.name = name;
  }

  /** A fact of a message that must be the same for everybody at all times. */
  constant(uid: number, fact: string, value: string): void {
    const key = `${uid} ${fact}`;
    const known = this.#constant.get(key);
    if (known === undefined) this.#constant.set(key, value);
    else check(known === value, `${fact} of ${uid}: ${known}, now ${value}`);
  }

  /** What is known of a fact. */
  known(uid: number, fact: string): string | undefined {
    return this.#constant.get(`${uid} ${fact}`);
  }

  /** \Recent is for one session only. RFC 3501 section 2.3.2. */
  recent(uid: number, session: number): void {
    const owner = this.#recent.get(uid);
    if (owner === undefined) this.#recent.set(uid, session);
    else {
      check(
        owner === session,
        `${uid} is \\Recent in sessions ${owner} and ${session}`,
      );
    }
  }

  /** A UID that exists. */
  seen(uid: number): void {
    this.uidNext = Math.max(this.uidNext, uid + 1);
  }

  sawUidValidity(value: number): void {
    this.uidValidity ??= value;
    check(this.uidValidity === value, `UIDVALIDITY became ${value}`);
  }
}

/** A message is known by its number; the number gives all of its bytes. */
export function stressMessage(id: number): string {
  const lines = (id * 7919) % 40 + (id % 50 === 0 ? 2_000 : 0);
  return `From: s${id % 5}@example.test\r\nSubject: m${id} of the stress\r\n` +
    `Message-ID: <m${id}@example.test>\r\nDate: Mon, 23 Nov 2026 10:00:${
      String(id % 60).padStart(2, "0")
    } +0000\r\n\r\n` +
    `line of message ${id}\r\n`.repeat(lines);
}

/** The number of a message, by its bytes, all of which are compared. */
export function messageId(text: string): number {
  const id = Number(/^Subject: m([0-9]+) /m.exec(text)?.[1]);
  check(text === stressMessage(id), `the bytes of message ${id} are wrong`);
  return id;
}
