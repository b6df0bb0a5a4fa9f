/** CLOSE and UNSELECT. RFC 9051 section 6.4.1 and 6.4.2 (RFC 3691). */
import { defineCommand, SELECTED } from "#src/imap/command.ts";
import { hasRights } from "#src/imap/rights.ts";
import { deletedUids } from "./expunge.ts";
import { noArguments } from "./no_arguments.ts";

/** Expunges in silence, then leaves. */
export const close = defineCommand({
  name: "CLOSE",
  states: SELECTED,
  updates: "none",
  parse: noArguments,
  async run(session) {
    const { selected, services } = session;
    // RFC 4314 section 4: without the right nothing is expunged, and no word.
    if (!selected.readOnly && hasRights(selected.rights, "e")) {
      const uids = deletedUids(selected, selected.allUids());
      if (uids.length > 0) {
        const { view } = selected;
        view.applyExpunged(await services.backend.expunge(view.mailbox, uids));
      }
    }
    session.unselect();
    return { text: "Closed" };
  },
});

export const unselect = defineCommand({
  name: "UNSELECT",
  states: SELECTED,
  capability: "UNSELECT",
  updates: "none",
  parse: noArguments,
  run(session) {
    session.unselect();
    return Promise.resolve({ text: "Unselected" });
  },
});
