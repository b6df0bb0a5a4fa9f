/** What the operating system says, in words for people. */

/**
 * The message of an error without what the runtime adds to that of the
 * system: its number and the name of the call (`(os error 2): open '/x'`).
 */
export function systemReason(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return SYSTEM_ERROR.exec(message)?.[1] ?? message;
}

/** `/x: No such file or directory`; `undefined` for errors of our own. */
export function systemFailure(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  const [, reason, path] = SYSTEM_ERROR.exec(error.message) ?? [];
  return path === undefined ? reason : `${path}: ${reason}`;
}

/** Whether there was no room: on the disk, of a quota, in a database file. */
export function isDiskFull(error: unknown): boolean {
  let at = error;
  for (let depth = 0; depth < MAX_CAUSES && at instanceof Error; depth++) {
    const code = "code" in at ? at.code : undefined;
    if (code === "ENOSPC" || code === "EDQUOT") return true;
    if (code === "ERR_SQLITE_ERROR" && SQLITE_FULL.test(at.message)) {
      return true;
    }
    at = at.cause;
  }
  return false;
}

/**
 * What the operating system calls it: `ENOSPC` (of a database too),
 * `ECONNRESET`; `undefined` for errors of our own and of the runtime.
 */
export function systemCode(error: unknown): string | undefined {
  if (isDiskFull(error)) return "ENOSPC";
  let at = error;
  for (let depth = 0; depth < MAX_CAUSES && at instanceof Error; depth++) {
    const code = "code" in at ? at.code : undefined;
    if (typeof code === "string" && SYSTEM_CODE.test(code)) return code;
    at = at.cause;
  }
  return undefined;
}

/** `ERR_...` are the runtime's own. */
const SYSTEM_CODE = /^E(?!RR_)[A-Z0-9]+$/;

/** Deeper no error of ours goes; causes could go in a circle. */
const MAX_CAUSES = 8;

/** The runtime does not give the number of SQLite, `SQLITE_FULL`. */
const SQLITE_FULL = /\bdisk is full\b/;

const SYSTEM_ERROR = /^(.*) \(os error [0-9]+\)(?:: \w+ '(.*)')?$/s;
