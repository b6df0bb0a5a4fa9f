/**
 * `dkim`: verifies signatures of mail that comes in and signs mail that goes
 * out. RFC 6376, RFC 8301, RFC 8463.
 *
 * What a valid signature is worth is the matter of `dmarc`.
 */
import { list } from "#src/config/compound.ts";
import type { ConfigOf } from "#src/config/directive.ts";
import { domain, path } from "#src/config/places.ts";
import { bool, string } from "#src/config/values.ts";
import { defineModule } from "#src/module/define.ts";

const config = {
  private: path({
    doc: "File with the private keys (PEM, one or more), or a folder for it. " +
      "Keys are made where there are none.",
    default: "dkim/private.pem",
  }),
  public: path({
    doc: "File or folder for the public keys.",
    default: "dkim/public.pem",
  }),
  selector: string({
    doc: "Selector of the RSA key; the Ed25519 key adds -ed25519.",
    default: "epistle",
  }),
  domains: list(domain({ doc: "A domain." }), {
    doc: "Domains to sign for. None: the local domains, and the author's " +
      "domain where the sender has logged in.",
    default: [],
  }),
};
/** The settings of a block. */
export type DkimConfig = ConfigOf<typeof config>;

const options = {
  verify: bool({ doc: "Verify signatures.", default: false }),
  sign: bool({ doc: "Sign the message.", default: false }),
};

/** Module `dkim`. */
export const dkim = defineModule({
  name: "dkim",
  version: "1.0.0",
  doc: "Verifies and makes DKIM signatures.\n\n" +
    "`filter dkim verify=true` puts results into `Authentication-Results` " +
    "and leaves them to `dmarc`; `filter dkim sign=true` signs with an " +
    "RSA-2048 and an Ed25519 key, which are made at the first start. " +
    "`epistle dkim records` prints what to publish.",
  roles: ["filter", "admin"],
  home: "user",
  config,
  options,
  permissions: (config) => ({
    dns: true,
    read: [config.private, config.public],
  }),
  async prepare(config, host): Promise<void> {
    const { makeKeys } = await import("./dkim_keys.ts");
    if (!await makeKeys(config.private, config.public)) return;
    const { recordsOf } = await import("./dkim_filter.ts");
    for (const { name, value } of await recordsOf(config, host)) {
      host.log.info("dkim key made, publish its record", { name, value });
    }
  },
  async create(config, host) {
    const { createDkim } = await import("./dkim_filter.ts");
    return createDkim(config, host);
  },
});
