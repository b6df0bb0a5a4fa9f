/** `self-signed`: certificates of an authority of our own. */
import { defineModule } from "#src/module/define.ts";
import {
  createSelfSigned,
  prepareSelfSigned,
  selfSignedPermissions,
} from "./self_signed_instance.ts";

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
  permissions: selfSignedPermissions,
  prepare: prepareSelfSigned,
  create: createSelfSigned,
});
