/** Patterns of LIST: `*` is anything, `%` anything but `/`. RFC 9051 6.3.9. */

const PERCENT = "%";
const STAR = "*";

/**
 * Whether the name fits the pattern. Time grows with the product of both
 * lengths, whatever the pattern: all positions are followed at once.
 */
export function matchesPattern(name: string, pattern: string): boolean {
  // reached[i]: the first i characters of the name fit the pattern so far.
  let reached = new Uint8Array(name.length + 1);
  reached[0] = 1;
  for (const char of collapse(pattern)) {
    const next = new Uint8Array(name.length + 1);
    if (char === STAR || char === PERCENT) {
      let open = false;
      for (let i = 0; i <= name.length; i++) {
        if (reached[i] === 1) open = true;
        if (open) next[i] = 1;
        if (char === PERCENT && name[i] === "/") open = false;
      }
    } else {
      for (let i = 0; i < name.length; i++) {
        if (reached[i] === 1 && name[i] === char) next[i + 1] = 1;
      }
    }
    reached = next;
  }
  return reached[name.length] === 1;
}

/** UTF-16 units of the pattern, runs of wildcards as one. */
function collapse(pattern: string): string[] {
  return pattern.replace(/[%*]+/g, (run) => run.includes(STAR) ? STAR : PERCENT)
    .split("");
}
