/** The one place where a thrown value becomes NO, BAD or BYE. */
import {
  LimitError,
  StorageError,
  type StorageErrorKind,
  UnavailableError,
  WireSyntaxError,
} from "#src/errors/errors.ts";
import { isDiskFull } from "#src/errors/system_reason.ts";
import { type FailureStatus, ImapError } from "./errors.ts";

/** A tagged answer that refuses. */
export interface Failure {
  readonly status: FailureStatus;
  readonly code: string | undefined;
  readonly text: string;
  /** Set where the fault is ours: stands in the text and belongs in the log. */
  readonly reference: string | undefined;
}

/** Code (RFC 5530) and text of each kind. */
const STORAGE: Readonly<
  Record<StorageErrorKind, readonly [code: string, text: string]>
> = {
  notFound: ["NONEXISTENT", "There is no such mailbox or message"],
  exists: ["ALREADYEXISTS", "The mailbox is there already"],
  overQuota: ["OVERQUOTA", "There is no room left"],
  limit: ["LIMIT", "That is more than a mailbox can have"],
  invalid: ["CANNOT", "That name or value can not be used"],
  busy: ["INUSE", "The mailbox is busy, try again"],
  noPermission: ["NOPERM", "You have no right to do that"],
  notAllowed: ["CANNOT", "That is not allowed here"],
  use: ["USEATTR", "That use can not be given"],
  corrupt: ["CORRUPTION", "The stored data can not be read"],
};

/** Translates. `reference` makes a short word that also goes to the log. */
export function statusOfError(
  error: unknown,
  reference: () => string,
): Failure {
  const failure = (
    status: FailureStatus,
    code: string | undefined,
    text: string,
  ): Failure => ({ status, code, text, reference: undefined });
  if (error instanceof ImapError) {
    return failure(error.status, error.responseCode, error.publicText);
  }
  if (error instanceof WireSyntaxError) {
    return failure("BAD", undefined, error.message);
  }
  if (error instanceof StorageError) {
    const [code, text] = STORAGE[error.kind];
    return failure("NO", code, text);
  }
  if (error instanceof LimitError) {
    return failure("NO", "LIMIT", "That is more than is allowed");
  }
  if (error instanceof UnavailableError) {
    return failure("NO", "UNAVAILABLE", "Not available now, try again");
  }
  const word = reference();
  if (isDiskFull(error)) {
    return {
      status: "NO",
      code: "UNAVAILABLE",
      text: `No room now, reference ${word}`,
      reference: word,
    };
  }
  return {
    status: "NO",
    code: "SERVERBUG",
    text: `Internal error, reference ${word}`,
    reference: word,
  };
}
