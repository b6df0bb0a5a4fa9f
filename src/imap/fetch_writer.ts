/**
 * FETCH responses. RFC 9051 section 7.5.2. Bytes come from stored columns where
 * they can, else they are streamed from the store with back-pressure: a literal
 * of any length costs one chunk of memory.
 *
 * A response of stored columns is written without waiting: `writeFetched` gives
 * a promise only where it has to read.
 */
import { StorageError } from "#src/errors/errors.ts";
import type { FetchedMessage } from "./backend.ts";
import { checkEncoding, writeBinary } from "./fetch_binary.ts";
import { inMemory, readShort, sendStream, tryOpen } from "./fetch_bytes.ts";
import type { FetchItem, SectionItem, SimpleItem } from "./fetch_item.ts";
import type { FetchPlan } from "./fetch_plan.ts";
import { cut, locate, type Located } from "./fetch_section.ts";
import { FieldPicker } from "./field_picker.ts";
import type { Session } from "./session.ts";
import type { PartRange } from "./summary.ts";
import { formatDateTime } from "./wire/date_time.ts";

/** What one response says besides the items asked for. */
export interface FetchExtras {
  /** `UID FETCH`: the UID is always told. */
  readonly uid: boolean;
  /** Flags were changed by this very command. */
  readonly flags: boolean;
  readonly modSeq: boolean;
}

/** Writes a response from what the view knows. */
export function writeFromView(
  session: Session,
  uid: number,
  plan: FetchPlan,
  extras: FetchExtras,
): void {
  begin(session, uid, plan, extras);
  session.out.text(")\r\n");
}

/** `* 1 FETCH (UID 5 FLAGS ()`; says whether an item is written. */
function begin(
  session: Session,
  uid: number,
  plan: FetchPlan,
  extras: FetchExtras,
): boolean {
  const { selected, out } = session;
  const { hasUid, hasFlags, hasModSeq } = plan;
  let words = extras.uid && !session.uidOnly || hasUid ? `UID ${uid}` : "";
  if (extras.flags || hasFlags) {
    words += `${words === "" ? "" : " "}FLAGS ${session.flagList(uid)}`;
    selected.noteTold(uid);
  }
  if (extras.modSeq || hasModSeq) {
    const modSeq = selected.tellModSeq(uid);
    words += `${words === "" ? "" : " "}MODSEQ (${modSeq})`;
  }
  out.text(session.fetchStart(uid)).text(words);
  return words !== "";
}

/** Throws where an item can not be answered for this message. */
export function checkFetched(message: FetchedMessage, plan: FetchPlan): void {
  const root = rootOf(message);
  for (const item of plan.items) {
    if (item.kind === "binary") checkEncoding(item, root);
  }
}

/** The response to one message; keeps what can be kept from one to the next. */
export class FetchWriter {
  readonly #session: Session;
  readonly #plan: FetchPlan;
  readonly #items: readonly FetchItem[];
  readonly #pickers: readonly (FieldPicker | undefined)[];

  constructor(session: Session, plan: FetchPlan) {
    this.#session = session;
    this.#plan = plan;
    this.#items = plan.items;
    this.#pickers = plan.items.map(pickerOf);
  }

  /** Writes; resolves where it had to wait, else gives nothing. */
  write(
    message: FetchedMessage,
    extras: FetchExtras,
  ): Promise<void> | undefined {
    const isBegun = begin(this.#session, message.uid, this.#plan, extras);
    if (isBegun) this.#session.out.text(" ");
    return this.#writeItems(message, rootOf(message), 0);
  }

  #writeItems(
    message: FetchedMessage,
    root: PartRange | undefined,
    from: number,
  ): Promise<void> | undefined {
    const { out } = this.#session;
    for (let n = from; n < this.#items.length; n++) {
      if (n > 0) out.text(" ");
      const waits = this.#item(message, root, n);
      if (waits !== undefined) {
        return waits.then(() => this.#writeItems(message, root, n + 1));
      }
    }
    out.text(")\r\n");
    return undefined;
  }

  #item(
    message: FetchedMessage,
    root: PartRange | undefined,
    n: number,
  ): Promise<void> | undefined {
    const session = this.#session;
    const item = this.#items[n];
    switch (item?.kind) {
      case "simple":
        writeSimple(session, message, item.name);
        return undefined;
      case "section":
        return writeSection(session, message, item, root, this.#pickers[n]);
      case "binary":
        return writeBinary(session, message, item, root);
      case undefined:
        return undefined;
    }
  }
}

function rootOf(message: FetchedMessage): PartRange | undefined {
  const { structure } = message;
  return structure === undefined
    ? undefined
    : JSON.parse(structure) as PartRange;
}

function pickerOf(item: FetchItem): FieldPicker | undefined {
  if (item.kind !== "section") return undefined;
  if (item.what !== "fields" && item.what !== "fieldsNot") return undefined;
  return new FieldPicker(item.fields, item.what === "fields");
}

function writeSimple(
  session: Session,
  message: FetchedMessage,
  name: SimpleItem,
): void {
  const { out } = session;
  switch (name) {
    case "INTERNALDATE":
      out.text(`INTERNALDATE ${formatDateTime(message.internalDate)}`);
      break;
    case "RFC822.SIZE":
      out.text(`RFC822.SIZE ${message.sizeBytes}`);
      break;
    case "ENVELOPE":
      out.text("ENVELOPE ").bytes(stored(message.envelope));
      break;
    case "BODY":
      out.text("BODY ").bytes(stored(message.bodyBasic));
      break;
    case "BODYSTRUCTURE":
      out.text("BODYSTRUCTURE ").bytes(stored(message.bodyStructure));
      break;
    case "PREVIEW":
      out.text("PREVIEW ").textString(message.preview ?? "");
      break;
    case "SAVEDATE":
      out.text(`SAVEDATE ${formatDateTime(message.savedAt)}`);
      break;
    case "EMAILID":
      out.text(`EMAILID (${message.emailId})`);
      break;
    case "THREADID":
      out.text(
        message.threadId === ""
          ? "THREADID NIL"
          : `THREADID (${message.threadId})`,
      );
      break;
    case "UID":
    case "FLAGS":
    case "MODSEQ":
      break;
  }
}

/** A column that was asked for. */
function stored(column: Uint8Array | undefined): Uint8Array {
  if (column === undefined) {
    throw new StorageError("corrupt", "A column is missing");
  }
  return column;
}

/** `BODY[1]<0> {5}` and the bytes, or NIL. */
function writeSection(
  session: Session,
  message: FetchedMessage,
  item: SectionItem,
  root: PartRange | undefined,
  picker: FieldPicker | undefined,
): Promise<void> | undefined {
  const { out } = session;
  const label = item.partial === undefined
    ? `${item.label} `
    : `${item.label}<${item.partial.offset}> `;
  const located = locate(item, message, root);
  if (located === undefined) {
    out.text(`${label}${missing(item)}`);
    return undefined;
  }
  if (picker !== undefined) {
    const pieces = inMemory(message, located);
    if (pieces === undefined) {
      return pickFromStore(session, message, { label, located, item, picker });
    }
    writeFields(session, label, pieces[0] ?? NOTHING, item, picker);
    return undefined;
  }
  const range = cut(located, item.partial);
  if (item.sizeOnly === true) {
    out.text(`${label}${range.end - range.start}`);
    return undefined;
  }
  const pieces = inMemory(message, range);
  if (pieces === undefined) return stream(session, message, label, range);
  out.text(`${label}{${range.end - range.start}}\r\n`);
  for (const piece of pieces) out.bytes(piece);
  return undefined;
}

const NOTHING = new Uint8Array(0);

/** What is said of a section that is not there. */
function missing(item: SectionItem): string {
  return item.sizeOnly === true ? "0" : "NIL";
}

function writeFields(
  session: Session,
  label: string,
  header: Uint8Array,
  { partial, sizeOnly }: SectionItem,
  picker: FieldPicker,
): void {
  const { out } = session;
  const size = picker.pick(header);
  if (sizeOnly === true) {
    out.text(`${label}${size}`);
    return;
  }
  if (partial === undefined) {
    out.text(`${label}{${size}}\r\n`);
    picker.write(out);
    return;
  }
  const { offset, count } = partial;
  out.text(label).literal(picker.bytes(size).subarray(offset, offset + count));
}

async function pickFromStore(
  session: Session,
  message: FetchedMessage,
  { label, located, item, picker }: {
    readonly label: string;
    readonly located: Located;
    readonly item: SectionItem;
    readonly picker: FieldPicker;
  },
): Promise<void> {
  const header = await readShort(session, message, located);
  if (header === undefined) session.out.text(`${label}${missing(item)}`);
  else writeFields(session, label, header, item, picker);
}

async function stream(
  session: Session,
  message: FetchedMessage,
  label: string,
  range: Located,
): Promise<void> {
  const { uid } = message;
  const size = range.end - range.start;
  const bytes = await tryOpen(session, uid, range);
  if (bytes === undefined) {
    session.out.text(`${label}NIL`);
    return;
  }
  session.out.text(`${label}{${size}}\r\n`);
  await sendStream(session, bytes, { uid, size });
}
