/** The SASL mechanisms that a session offers. RFC 9051 section 6.2.2. */
import { LOGIN } from "#src/sasl/login.ts";
import type { SaslMechanism } from "#src/sasl/mechanism.ts";
import { PLAIN } from "#src/sasl/plain.ts";
import { scramSha256 } from "#src/sasl/scram_sha_256.ts";
import type { Session } from "./session.ts";

/** By the powers of the auth module and the safety of the connection. */
export function mechanismsOf(session: Session): SaslMechanism[] {
  const { auth, settings, decoySecret, random } = session.services;
  const mechanisms = [PLAIN, LOGIN];
  if (auth.scram !== undefined) {
    mechanisms.unshift(scramSha256({
      random,
      decoySecret,
      iterations: auth.scram.iterations,
    }));
  }
  const isSafe = session.connection.tls !== undefined || settings.insecureAuth;
  return mechanisms.filter((mechanism) => isSafe || !mechanism.isPlaintext);
}
