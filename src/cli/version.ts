/** What this program is, and on what it runs. */

/** Version of the program; the same as in `deno.json`. */
export const VERSION = "0.1.0";

/** Server-side STARTTLS hangs on an older Deno. */
export const STARTTLS_DENO = "2.7.14";
/** Workers cannot share a port on an older Deno. */
export const SHARED_PORT_DENO = "2.7.14";
/** Nothing was ever tried on an older Deno. */
export const MINIMUM_DENO = "2.6.0";

/** Whether version `a` comes before version `b`. */
export function isOlder(a: string, b: string): boolean {
  const parts = (text: string): number[] =>
    text.split(/[.+-]/).slice(0, 3).map((part) => Number.parseInt(part, 10));
  const [left, right] = [parts(a), parts(b)];
  for (let i = 0; i < 3; i++) {
    const difference = (left[i] ?? 0) - (right[i] ?? 0);
    if (difference !== 0) return difference < 0;
  }
  return false;
}
