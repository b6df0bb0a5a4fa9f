/** The known word that somebody probably meant. */

/** Longest word that is compared; what people mistype is short. */
const MAX_LENGTH = 64;

/**
 * The word of `known` with the fewest edits from `word`, where they are few
 * enough to be a slip: one in short words, a third of the letters in others.
 */
export function nearestWord(
  word: string,
  known: Iterable<string>,
): string | undefined {
  if (word.length === 0 || word.length > MAX_LENGTH) return undefined;
  let best: string | undefined;
  let bestDistance = Math.max(1, Math.floor(word.length / 3)) + 1;
  for (const candidate of known) {
    if (Math.abs(candidate.length - word.length) >= bestDistance) continue;
    const distance = editDistance(normal(word), normal(candidate));
    if (distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}

/** "Did you mean ...?" or nothing; for `ConfigError.hint`. */
export function didYouMean(
  word: string,
  known: Iterable<string>,
): string | undefined {
  const nearest = nearestWord(word, known);
  return nearest === undefined ? undefined : `Did you mean "${nearest}"?`;
}

/** `-` for `_` and capitals are no difference to a person. */
function normal(word: string): string {
  return word.toLowerCase().replaceAll("_", "-");
}

/** Inserted, removed, replaced and swapped neighbours count one each. */
function editDistance(a: string, b: string): number {
  let beforePrevious: number[] = [];
  let previous = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const current = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      let cost = Math.min(
        at(previous, j) + 1,
        at(current, j - 1) + 1,
        at(previous, j - 1) + (same ? 0 : 1),
      );
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        cost = Math.min(cost, at(beforePrevious, j - 2) + 1);
      }
      current.push(cost);
    }
    beforePrevious = previous;
    previous = current;
  }
  return at(previous, b.length);
}

function at(row: readonly number[], index: number): number {
  return row[index] ?? Number.POSITIVE_INFINITY;
}
