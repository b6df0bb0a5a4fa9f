/**
 * Tells what happens while the client is being waited for: in IDLE (RFC 9051
 * section 6.3.13), and between commands after NOTIFY (RFC 5465 section 3.1).
 */
import { Bell } from "./bell.ts";
import type { Session } from "./session.ts";

/**
 * Waits for `reading`, a read of this session, and tells news as they come.
 * `undefined` where the server goes down first: then the read ends with the
 * connection. Whatever is being told is told completely before this settles.
 */
export async function tellWhile<T>(
  session: Session,
  reading: Promise<T>,
  { isIdle }: { readonly isIdle: boolean },
): Promise<T | undefined> {
  const { notifier, out } = session;
  const selected = session.trySelected;
  const bell = new Bell();
  const ring = (): void => bell.ring();
  let isOver = false;
  const over = (): void => {
    isOver = true;
    ring();
  };
  // A failure is seen by whoever awaits `reading` below.
  reading.then(over, over);
  if (selected !== undefined && session.wants.messages) selected.onWake = ring;
  if (notifier !== undefined) notifier.onWake = ring;
  if (isIdle) session.onDrain = ring;
  try {
    // What came before the bell was hung up.
    ring();
    while (true) {
      await bell.rung();
      if (isOver) return await reading;
      if (isIdle && session.isDraining) return undefined;
      const before = out.written;
      await session.tellEvents({ isIdle });
      if (out.written !== before) await out.flush();
    }
  } finally {
    if (selected !== undefined) selected.onWake = undefined;
    if (notifier !== undefined) notifier.onWake = undefined;
    if (isIdle) session.onDrain = undefined;
  }
}
