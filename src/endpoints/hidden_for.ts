/** What `hide_capability_for` of the endpoint `imap` means for an account. */
import { compilePattern, type Pattern } from "#src/config/pattern.ts";
import { upperAscii } from "#src/imap/wire/ascii.ts";

/** One block of the directive. */
interface HiddenRule {
  readonly account: readonly Pattern[];
  readonly capability: readonly string[];
}

/** Makes a function that gives the words, in capitals, of an account. */
export function hiddenFor(
  rules: readonly HiddenRule[],
): (account: string) => ReadonlySet<string> {
  const compiled = rules.map(({ account, capability }) => ({
    tests: account.map(compilePattern),
    words: capability.map(upperAscii),
  }));
  return (account) =>
    new Set(
      compiled
        .filter(({ tests }) => tests.some((test) => test(account)))
        .flatMap(({ words }) => words),
    );
}
