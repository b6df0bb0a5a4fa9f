/**
 * Signs of life during long work. RFC 9585 (INPROGRESS).
 *
 * Only for work that writes nothing itself: a line amid a FETCH response would
 * break it, and a FETCH shows by itself that it goes on.
 */
import { PROGRESS_INTERVAL_MS } from "./limits.ts";
import type { Session } from "./session.ts";

/** How far the work has come. */
export interface Progress {
  readonly done: number;
  /** `undefined`: nobody knows. */
  readonly total: number | undefined;
}

/** Reason of a timer that is not needed any more. */
const OVER = Symbol("over");

/**
 * Waits for `work`, which may not write to the client, and tells the client
 * from time to time that it goes on. Settles as `work` does, save where the
 * client is gone.
 */
export async function withProgress<T>(
  session: Session,
  tag: string,
  work: Promise<T>,
  progress: () => Progress | undefined = () => undefined,
): Promise<T> {
  const { clock } = session.services;
  const over = new AbortController();
  let isOver = false;
  const end = (): void => {
    isOver = true;
    over.abort(OVER);
  };
  work.then(end, end);
  let lost: unknown;
  while (!isOver) {
    try {
      await clock.sleep(PROGRESS_INTERVAL_MS, over.signal);
    } catch (error) {
      if (error === OVER) break;
      throw error;
    }
    if (isOver || lost !== undefined) continue;
    try {
      await session.out.line(formatProgress(tag, progress())).flush();
    } catch (error) {
      // The work is ours: it comes to its end before the session does.
      lost = error;
    }
  }
  const result = await work;
  if (lost !== undefined) throw lost;
  return result;
}

/** `* OK [INPROGRESS ("A1" 5 10)] Still at it`. */
export function formatProgress(
  tag: string,
  progress: Progress | undefined,
): string {
  const quoted = `"${tag.replace(/["\\]/g, "\\$&")}"`;
  const done = progress?.done ?? "NIL";
  const total = progress?.total ?? "NIL";
  return `* OK [INPROGRESS (${quoted} ${done} ${total})] Still at it`;
}
