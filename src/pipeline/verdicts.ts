/** Verdicts of several filters as one. */
import { PASS, type Verdict } from "#src/module/roles/verdict.ts";

/**
 * In the order of the configuration: the first that refuses or drops decides;
 * else the first that quarantines.
 */
export function mergeVerdicts(verdicts: readonly Verdict[]): Verdict {
  let merged: Verdict = PASS;
  for (const verdict of verdicts) {
    if (endsMessage(verdict)) return verdict;
    if (merged.kind === "pass") merged = verdict;
  }
  return merged;
}

/** Whether nothing is delivered after this verdict. */
export function endsMessage(
  verdict: Verdict,
): verdict is Extract<Verdict, { kind: "reject" | "drop" }> {
  return verdict.kind === "reject" || verdict.kind === "drop";
}
