/** Where self-made certificates are, and for which names they stand. */
import { join } from "node:path";
import type { Globals } from "#src/module/globals.ts";
import type { KeyPairPaths } from "./key_pair_files.ts";

/** Folder of the files of one instance. */
export function selfSignedFolder(globals: Globals, instance: string): string {
  return join(globals.state_dir, "tls", instance);
}

/** What workers read. */
export function selfSignedPaths(folder: string): KeyPairPaths {
  return { chain: join(folder, "chain.pem"), key: join(folder, "key.pem") };
}

/** The names for which the certificate stands. */
export function selfSignedNames(globals: Globals): readonly string[] {
  return [
    ...new Set([
      globals.hostname,
      ...globals.domains,
      "localhost",
      "127.0.0.1",
    ]),
  ];
}
