/** Waits that end. */
import { UnavailableError } from "#src/errors/errors.ts";

/** Something took longer than it may. */
export class DeadlineError extends UnavailableError {
  readonly timeoutMs: number;

  constructor(what: string, timeoutMs: number) {
    super(`${what} took longer than ${timeoutMs} ms`);
    this.timeoutMs = timeoutMs;
  }
}

/**
 * Runs `task` and rejects with `DeadlineError` when it takes longer than
 * `timeoutMs`; the task's signal is then aborted. `outer` aborts it as well,
 * and then its reason is thrown. A task that ignores its signal goes on, but
 * nobody waits for it and its outcome is dropped.
 */
export async function withDeadline<T>(
  what: string,
  timeoutMs: number,
  task: (signal: AbortSignal) => Promise<T>,
  outer?: AbortSignal,
): Promise<T> {
  outer?.throwIfAborted();
  const controller = new AbortController();
  const { promise, reject } = Promise.withResolvers<never>();
  const giveUp = (reason: unknown): void => {
    controller.abort(reason);
    reject(reason);
  };
  const timer = setTimeout(
    () => giveUp(new DeadlineError(what, timeoutMs)),
    timeoutMs,
  );
  const onAbort = (): void => giveUp(outer?.reason);
  outer?.addEventListener("abort", onAbort, { once: true });
  try {
    return await Promise.race([task(controller.signal), promise]);
  } finally {
    clearTimeout(timer);
    outer?.removeEventListener("abort", onAbort);
    // The race may be over already; its loser must not end the process.
    promise.catch(() => {});
  }
}
