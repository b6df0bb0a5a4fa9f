/**
 * `auto`: certificates without being told anything. For now they are self-made;
 * ACME (RFC 8555) is not here yet.
 */
import { defineModule } from "#src/module/define.ts";
import {
  createSelfSigned,
  prepareSelfSigned,
  selfSignedPermissions,
} from "./self_signed_instance.ts";

/** The module. */
export const auto = defineModule({
  name: "auto",
  version: "1.0.0",
  doc: "Gets certificates by itself.\n\n" +
    "For now it makes them as `self-signed` does: clients and servers that " +
    "insist on a public authority do not trust them. Certificates of public " +
    "authorities by ACME come with a later version, under the same name; " +
    "until then use `certificate-file` where you have some.",
  roles: ["certificates"],
  home: "user",
  config: {},
  permissions: selfSignedPermissions,
  prepare: prepareSelfSigned,
  create: createSelfSigned,
});
