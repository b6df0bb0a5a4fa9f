/** What SORT and THREAD have in common. */
import { ImapError } from "./errors.ts";
import type { OrderPower } from "./powers.ts";
import type { SearchKey } from "./search_key.ts";
import type { SearchNode } from "./search_program.ts";
import { resolveSearch } from "./search_resolve.ts";
import type { Session } from "./session.ts";

/** The store's power to order; the command is not there without. */
export function orderOf(session: Session): OrderPower {
  const { order } = session.services.backend.powers ?? {};
  if (order !== undefined) return order;
  throw new ImapError("BAD", "Unknown command");
}

/** The key, among the messages that the client knows. */
export function orderedKey(session: Session, node: SearchNode): SearchKey {
  const key = resolveSearch(session, node);
  const last = session.selected.uidBound - 1;
  if (last < 1) return { kind: "uid", ranges: [] };
  return { kind: "and", keys: [{ kind: "uid", ranges: [[1, last]] }, key] };
}
