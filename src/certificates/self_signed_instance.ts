/** What `self-signed`, and for now `auto`, do with their files. */
import type { Host } from "#src/module/host.ts";
import type { Permissions } from "#src/module/permissions.ts";
import type { Instance, Setting } from "#src/module/define.ts";
import { KeyPairFiles } from "./key_pair_files.ts";
import {
  selfSignedFolder,
  selfSignedNames,
  selfSignedPaths,
} from "./self_signed_paths.ts";

/** Workers read the chain and its key; the authority is not for them. */
export function selfSignedPermissions(
  _config: unknown,
  { globals, instance }: Setting,
): Permissions {
  return {
    read: Object.values(selfSignedPaths(selfSignedFolder(globals, instance))),
  };
}

/** Makes or renews the files, before any worker starts. */
export async function prepareSelfSigned(
  _config: unknown,
  { globals, instance, clock }: Host,
): Promise<void> {
  const { ensureSelfSigned } = await import("./self_signed_files.ts");
  await ensureSelfSigned(
    selfSignedFolder(globals, instance),
    selfSignedNames(globals),
    clock.now(),
  );
}

/** Serves the files, also after they have changed. */
export function createSelfSigned(
  _config: unknown,
  host: Host,
): Instance<"certificates"> {
  const folder = selfSignedFolder(host.globals, host.instance);
  const files = new KeyPairFiles(
    [selfSignedPaths(folder)],
    host.clock,
    host.log,
  );
  return {
    certificates: files,
    async start(): Promise<void> {
      await files.load();
      host.spawn("watch certificates", (signal) => files.watch(signal));
    },
  };
}
