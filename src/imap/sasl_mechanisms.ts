/** The SASL mechanisms that a session offers. RFC 9051 section 6.2.2. */
import { OAUTHBEARER, XOAUTH2 } from "#src/sasl/bearer.ts";
import { EXTERNAL } from "#src/sasl/external.ts";
import { LOGIN } from "#src/sasl/login.ts";
import type { SaslMechanism } from "#src/sasl/mechanism.ts";
import { PLAIN } from "#src/sasl/plain.ts";
import { type ChannelBinding, scramSha256 } from "#src/sasl/scram_sha_256.ts";
import type { Session } from "./session.ts";

/** By the powers of the auth module and the safety of the connection. */
export function mechanismsOf(session: Session): SaslMechanism[] {
  const { auth, settings, random } = session.services;
  const mechanisms = [PLAIN, LOGIN];
  if (auth.scram !== undefined) {
    mechanisms.unshift(...scramSha256({ random }, bindingOf(session)));
  }
  // RFC 4422 section A: where the client has shown who it is.
  const shown = session.connection.tls?.clientAddresses ?? [];
  if (auth.external !== undefined && shown.length > 0) {
    mechanisms.unshift(EXTERNAL);
  }
  if (auth.bearer !== undefined) mechanisms.push(OAUTHBEARER, XOAUTH2);
  const isSafe = session.connection.tls !== undefined || settings.insecureAuth;
  return mechanisms.filter((mechanism) => isSafe || !mechanism.isPlaintext);
}

/**
 * RFC 5929 section 4. RFC 9266 has another for TLS 1.3, `tls-exporter`, which
 * the platform does not give.
 */
function bindingOf(session: Session): ChannelBinding | undefined {
  const data = session.connection.tls?.endPoint;
  return data === undefined
    ? undefined
    : { type: "tls-server-end-point", data };
}
