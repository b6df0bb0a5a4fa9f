/** Numbers of the fields by which the words of a message are kept apart. */

/** Names of header fields as a whole, to tell whether a field is there. */
export const PRESENT = 1;

/** Words of the names of header fields, for TEXT. */
export const NAMES = 2;

/** Values of header fields that have no number of their own. */
export const OTHER = 3;

/** Readable parts, their file names, headers of inner messages. */
export const BODY = 4;

const FIRST_OWN = 5;

/** Fields with a number of their own; what comes later is `OTHER`. */
const MAX_FIELDS = 200;

/** Always there, whatever the first messages bring. */
const COMMON =
  "subject from to cc bcc date message-id references in-reply-to reply-to " +
  "sender return-path delivered-to received list-id list-unsubscribe " +
  "x-mailer user-agent x-spam-flag x-spam-status x-spam-score x-priority " +
  "importance precedence auto-submitted mime-version content-type " +
  "content-transfer-encoding authentication-results dkim-signature " +
  "received-spf x-list x-mailing-list x-original-to";

/** Which header field has which number. */
export class FieldNumbers {
  readonly #numbers = new Map<string, number>();
  readonly #added = new Map<string, number>();

  /** The fields of a new index. */
  static common(): FieldNumbers {
    const fields = new FieldNumbers([]);
    for (const name of COMMON.split(" ")) fields.add(name);
    return fields;
  }

  constructor(rows: readonly (readonly [id: number, name: string])[]) {
    for (const [id, name] of rows) this.#numbers.set(name, id);
  }

  /** The number of a field (lower case); it gets one where there is room. */
  add(name: string): number {
    const known = this.#numbers.get(name);
    if (known !== undefined) return known;
    if (this.isFull || name.length > 100) return OTHER;
    const number = FIRST_OWN + this.#numbers.size;
    this.#numbers.set(name, number);
    this.#added.set(name, number);
    return number;
  }

  /** Where to look for a field; `undefined`: no message has it. */
  find(name: string): number | undefined {
    const known = this.#numbers.get(name);
    if (known !== undefined) return known;
    return this.isFull || name.length > 100 ? OTHER : undefined;
  }

  get isFull(): boolean {
    return this.#numbers.size >= MAX_FIELDS;
  }

  /** Those that are new since the last call. */
  takeAdded(): readonly (readonly [id: number, name: string])[] {
    const added = [...this.#added].map(([name, id]) => [id, name] as const);
    this.#added.clear();
    return added;
  }
}
