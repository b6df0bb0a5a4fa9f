/**
 * `auto`: certificates without being told anything. For now they are self-made;
 * ACME (RFC 8555) is not here yet.
 */
import { defineModule } from "#src/module/define.ts";
import { KeyPairFiles } from "./key_pair_files.ts";
import {
  selfSignedFolder,
  selfSignedNames,
  selfSignedPaths,
} from "./self_signed_paths.ts";

/** The module. */
export const auto = defineModule({
  name: "auto",
  version: "1.0.0",
  doc: "Gets certificates by itself.\n\n" +
    "For now it makes them as `self-signed` does: clients and servers that " +
    "insist on a public authority do not trust them. Certificates of public " +
    "authorities by ACME come with a later version, under the same name; " +
    "until then use `file` where you have some.",
  roles: ["certificates"],
  home: "user",
  config: {},
  permissions: (_config, { globals, instance }) => ({
    read: Object.values(selfSignedPaths(selfSignedFolder(globals, instance))),
  }),
  async prepare(_config, { globals, instance, clock }): Promise<void> {
    const { ensureSelfSigned } = await import("./self_signed_files.ts");
    await ensureSelfSigned(
      selfSignedFolder(globals, instance),
      selfSignedNames(globals),
      clock.now(),
    );
  },
  create: (_config, host) => {
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
  },
});
