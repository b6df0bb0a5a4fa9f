/** What SORT and THREAD have in common. */
import { ImapError } from "./errors.ts";
import type { OrderPower } from "./powers.ts";
import type { SearchKey } from "./search_key.ts";
import type { SearchProgram } from "./search_program.ts";
import { checkCharset, resolveSearch } from "./search_resolve.ts";
import type { Session } from "./session.ts";

/** The store's power to order; the command is not there without. */
export function orderOf(session: Session): OrderPower {
  const { order } = session.services.backend.powers ?? {};
  if (order !== undefined) return order;
  throw new ImapError("BAD", "Unknown command");
}

/**
 * The key, among the messages that the client knows. `NO` for a charset that
 * is not known.
 */
export function orderedKey(
  session: Session,
  program: SearchProgram,
): SearchKey {
  checkCharset(program);
  const key = resolveSearch(session, program.root);
  const last = session.selected.uidBound - 1;
  if (last < 1) return { kind: "uid", ranges: [] };
  return { kind: "and", keys: [{ kind: "uid", ranges: [[1, last]] }, key] };
}
