/**
 * SETQUOTA. RFC 9208 section 4.1.3. For those whom the endpoint calls
 * administrators; to others QUOTASET is not offered.
 */
import { StorageError } from "#src/errors/errors.ts";
import { defineCommand, LOGGED_IN } from "#src/imap/command.ts";
import { ImapError } from "#src/imap/errors.ts";
import type { QuotaLimit, QuotaResource } from "#src/imap/powers.ts";
import {
  fromWire,
  parseRootName,
  writeQuota,
} from "#src/imap/quota_response.ts";
import type { Cursor } from "#src/imap/wire/cursor.ts";

/** More resources than there are say nothing new. */
const MAX_RESOURCES = 10;

interface SetQuota {
  readonly name: string;
  readonly limits: readonly QuotaLimit[];
  /** A resource that is not kept here. */
  readonly unknown: string | undefined;
}

export const setquota = defineCommand<SetQuota>({
  name: "SETQUOTA",
  states: LOGGED_IN,
  capability: "QUOTASET",
  power: "quota",
  parse(cursor) {
    cursor.sp();
    const name = parseRootName(cursor);
    cursor.sp();
    const limits = parseLimits(cursor);
    cursor.end();
    return { name, ...limits };
  },
  async run(session, { name, limits, unknown }) {
    if (!session.isAdministrator) {
      throw new StorageError("noPermission", "Not an administrator");
    }
    if (unknown !== undefined) {
      throw new ImapError("NO", "That resource is not limited here", "CANNOT");
    }
    const { quota } = session.services.backend.powers ?? {};
    const root = await quota?.set({ name, limits });
    // One account has changed another: that is to be found again.
    session.log.info("quota set", { root: root?.name, limits });
    if (root !== undefined) writeQuota(session, root);
    return { text: "Set" };
  },
});

/** `(STORAGE 512 MESSAGE 100)`. */
function parseLimits(cursor: Cursor): Pick<SetQuota, "limits" | "unknown"> {
  const limits = new Map<QuotaResource, QuotaLimit>();
  let unknown: string | undefined;
  let count = 0;
  cursor.listOrEmpty(() => {
    if (++count > MAX_RESOURCES) cursor.fail("fewer resources");
    const resource = cursor.word("resource");
    cursor.sp();
    const value = cursor.number64();
    if (resource !== "STORAGE" && resource !== "MESSAGE") {
      unknown = resource;
      return;
    }
    const limit = fromWire(resource, value);
    if (!Number.isSafeInteger(limit)) cursor.fail("smaller number");
    limits.set(resource, { resource, limit });
  });
  return { limits: [...limits.values()], unknown };
}
