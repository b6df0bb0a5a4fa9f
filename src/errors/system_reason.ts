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

const SYSTEM_ERROR = /^(.*) \(os error [0-9]+\)(?:: \w+ '(.*)')?$/s;
