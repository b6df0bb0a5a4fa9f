/** QUOTA responses and names of roots. RFC 9208 section 4.2.1 and 7. */
import type { QuotaResource, QuotaRoot } from "./powers.ts";
import type { Session } from "./session.ts";
import type { Cursor } from "./wire/cursor.ts";
import { tryDecodeUtf8 } from "./wire/utf8.ts";

/** Bytes in what STORAGE counts. RFC 9208 section 5.1. */
const STORAGE_UNIT = 1024;

/** Of a number of the wire. */
export function fromWire(resource: QuotaResource, value: number): number {
  return resource === "STORAGE" ? value * STORAGE_UNIT : value;
}

/** A name of a root. */
export function parseRootName(cursor: Cursor): string {
  return tryDecodeUtf8(cursor.astring()) ?? cursor.fail("name in UTF-8");
}

/** Writes one QUOTA line. */
export function writeQuota(
  { out }: Session,
  { name, usage }: QuotaRoot,
): void {
  const words = usage.map(({ resource, used, limit = 0 }) => {
    const unit = resource === "STORAGE" ? STORAGE_UNIT : 1;
    // A part of a unit is taken up; a limit is never told higher than it is.
    return `${resource} ${Math.ceil(used / unit)} ${Math.floor(limit / unit)}`;
  });
  out.text("* QUOTA ").textString(name).line(` (${words.join(" ")})`);
}
