/** Where the search database of a mail database lies. */

/** Beside it: `mail.db` has `mail-search.db`. */
export function searchPath(dsn: string): string {
  return `${dsn.replace(/\.db$/, "")}-search.db`;
}

/** Its files, as SQLite makes them. */
export function searchFiles(dsn: string): readonly string[] {
  const path = searchPath(dsn);
  return [path, `${path}-wal`, `${path}-shm`];
}
