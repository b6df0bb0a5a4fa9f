/** Which of the workers of a store fills its search index. */
import type { WorkerKind } from "#src/module/host.ts";
import type { Globals } from "#src/module/globals.ts";

/** Exactly one worker of a program: SQLite has one writer. */
export function isIndexer(worker: WorkerKind, globals: Globals): boolean {
  return worker === "indexer" || worker === "main" ||
    (worker === "storage" && globals.storage_readers === 0);
}
