/**
 * Role `table`: maps a key to values (aliases, domains).
 *
 * Contract: keys are compared as the module says (addresses in lower case);
 * `undefined` means that the key is absent, an empty list that it is there
 * without values. A thrown value means that nobody can tell now.
 */

/** Maps keys to values. */
export interface Table {
  lookup(key: string): Promise<readonly string[] | undefined>;
}
