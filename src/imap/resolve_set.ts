/** From the sets that clients write to messages. */
import { ImapError } from "./errors.ts";
import type { UidRanges } from "./search_key.ts";
import type { Picked } from "./selected_mailbox.ts";
import type { SequenceSet } from "./sequence_set.ts";
import { rangesOf } from "./sequence_set.ts";
import type { Session } from "./session.ts";

/** The messages that a set names. `$` means UIDs, whatever the command. */
export function resolveSet(
  session: Session,
  set: SequenceSet,
  by: "seq" | "uid",
): Picked {
  const { selected } = session;
  if (set.kind === "ranges") {
    if (by === "seq" && session.uidOnly) throw uidRequired();
    return selected.pick(set.ranges, by);
  }
  return selected.pick(savedRanges(session), "uid");
}

/** The ranges of UIDs that a set means, for searching. */
export function resolveRanges(
  session: Session,
  set: SequenceSet,
  by: "seq" | "uid",
): UidRanges {
  if (set.kind === "saved") return savedRanges(session);
  if (by === "seq" && session.uidOnly) throw uidRequired();
  return session.selected.uidRanges(set.ranges, by);
}

/** As `resolveSet`, where naming nothing at all is an error. */
export function resolveSome(
  session: Session,
  set: SequenceSet,
  by: "seq" | "uid",
): Picked {
  const picked = resolveSet(session, set, by);
  if (by === "seq" && picked.uids.length === 0 && picked.gone.length > 0) {
    throw new ImapError("NO", "The messages are gone", "EXPUNGEISSUED");
  }
  return picked;
}

/** RFC 9586 section 3: there are no sequence numbers for this client. */
export function uidRequired(): ImapError {
  return new ImapError("BAD", "There are no sequence numbers", "UIDREQUIRED");
}

function savedRanges(session: Session): UidRanges {
  return rangesOf(session.selected.savedResult);
}
