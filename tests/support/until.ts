/** Waits for a condition of a program that goes on by itself. */

/** Longer than anything on loopback takes; only a failing test waits so long. */
const DEADLINE_MS = 20_000;

/** Resolves when `holds` does; rejects with `what` when it never does. */
export async function until(
  what: string,
  holds: () => boolean | Promise<boolean>,
): Promise<void> {
  const deadline = Date.now() + DEADLINE_MS;
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error(`Never came true: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}
