/** `self-signed`: certificates of an authority of our own. */
import { defineModule } from "#src/module/define.ts";
import { KeyPairFiles } from "./key_pair_files.ts";
import {
  selfSignedFolder,
  selfSignedNames,
  selfSignedPaths,
} from "./self_signed_paths.ts";

/** The module. */
export const selfSigned = defineModule({
  name: "self-signed",
  version: "1.0.0",
  doc: "Makes a certificate by itself, signed by an authority of its own.\n\n" +
    "It stands for the hostname, the domains and localhost, and is renewed " +
    "at start when less than 60 days are left. Files are in " +
    "`state_dir/tls/INSTANCE`; give `authority.pem` to clients that should " +
    "trust it.",
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
