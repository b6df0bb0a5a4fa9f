/** PLAIN. RFC 4616. */
import type { SaslExchange, SaslMechanism, SaslStep } from "./mechanism.ts";
import { tryDecodeText } from "./text.ts";

/** The mechanism. */
export const PLAIN: SaslMechanism = {
  name: "PLAIN",
  isPlaintext: true,
  firstChallenge: new Uint8Array(0),
  begin: () => new PlainExchange(),
};

class PlainExchange implements SaslExchange {
  respond(data: Uint8Array): SaslStep {
    return readPlain(data);
  }
}

function readPlain(data: Uint8Array): SaslStep {
  const first = data.indexOf(0);
  const second = first < 0 ? -1 : data.indexOf(0, first + 1);
  if (second < 0) return { kind: "malformed" };
  const authorization = tryDecodeText(data.subarray(0, first));
  const user = tryDecodeText(data.subarray(first + 1, second));
  const password = tryDecodeText(data.subarray(second + 1));
  if (
    authorization === undefined || user === undefined || user === "" ||
    password === undefined
  ) return { kind: "malformed" };
  return { kind: "password", authorization, user, password };
}
