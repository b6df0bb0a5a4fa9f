/** EXTERNAL. RFC 4422 appendix A: TLS has said already who the client is. */
import type { SaslExchange, SaslMechanism, SaslStep } from "./mechanism.ts";
import { tryDecodeText } from "./text.ts";

/** The mechanism. */
export const EXTERNAL: SaslMechanism = {
  name: "EXTERNAL",
  isPlaintext: false,
  firstChallenge: new Uint8Array(0),
  begin: () => new ExternalExchange(),
};

class ExternalExchange implements SaslExchange {
  respond(data: Uint8Array): SaslStep {
    const user = tryDecodeText(data);
    if (user === undefined || user.includes("\0")) return { kind: "malformed" };
    return { kind: "certificate", user };
  }
}
