/** Commands as data: a name and what it does. */
import type { Dialogue } from "./dialogue.ts";

/**
 * Runs one command; `argument` has no spaces around it. A refusal is thrown or
 * given to `dialogue.refuse`; exactly one reply is made.
 */
export type Command = (
  dialogue: Dialogue,
  argument: string,
) => Promise<void> | undefined | void;
