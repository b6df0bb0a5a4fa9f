/** `certificate-file`: certificates that somebody else puts into files. */
import { block, repeated } from "#src/config/compound.ts";
import { path } from "#src/config/places.ts";
import { defineModule } from "#src/module/define.ts";
import { KeyPairFiles } from "./key_pair_files.ts";

const config = {
  pair: repeated(block({
    chain: path({
      doc: "PEM file of the certificates, that of the name first.",
    }),
    key: path({ doc: "PEM file of the private key, without password." }),
  }, {
    doc: "One certificate; the first is for clients that name no server.",
  })),
};

/** The module. */
export const certificateFile = defineModule({
  name: "certificate-file",
  version: "1.0.0",
  doc: "Takes certificates from files, as certbot and others write them.\n\n" +
    "Files that change are read again within a minute. By the name that the " +
    "client asks for, the pair is chosen whose certificate has that name.",
  roles: ["certificates"],
  home: "user",
  config,
  permissions: ({ pair }) => ({
    read: pair.flatMap(({ chain, key }) => [chain, key]),
  }),
  create: ({ pair }, host) => {
    const files = new KeyPairFiles(pair, host.clock, host.log);
    return {
      certificates: files,
      async start(): Promise<void> {
        if (pair.length === 0) {
          throw new TypeError(`"${host.instance}" has no pair of files`);
        }
        await files.load();
        host.spawn("watch certificates", (signal) => files.watch(signal));
      },
    };
  },
});
