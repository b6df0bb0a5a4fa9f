/** The expected outcomes of a filter. Anything unexpected is thrown. */
import type { SmtpError } from "#src/smtp/reply.ts";

/** What a filter says of a connection, a sender, a recipient or a message. */
export type Verdict =
  | { readonly kind: "pass" }
  /** Deliver, but where suspicious mail goes (Junk). */
  | { readonly kind: "quarantine"; readonly reason: string }
  /** Answer with this and do not deliver. */
  | { readonly kind: "reject"; readonly error: SmtpError }
  /** Answer as if delivered and do not deliver. */
  | { readonly kind: "drop"; readonly reason: string };

/** Nothing to object to. */
export const PASS: Verdict = { kind: "pass" };
