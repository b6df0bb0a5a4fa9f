/** What the operating system says, in words for people. */

/**
 * The message of an error without what the runtime adds to that of the
 * system: its number and the name of the call (`(os error 2): open '/x'`).
 */
export function systemReason(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return message.replace(/ \(os error [0-9]+\)(: \w+ '.*')?$/s, "");
}
