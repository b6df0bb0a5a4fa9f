/** What LOGIN and AUTHENTICATE have in common. */
import type { ScramCredentials } from "#src/sasl/mechanism.ts";
import { trySaslprep } from "#src/sasl/saslprep.ts";
import { capabilitiesOf } from "./capability.ts";
import type { Done } from "./command.ts";
import { ImapError } from "./errors.ts";
import { MAX_LOGIN_FAILURES } from "./limits.ts";
import type { Session } from "./session.ts";

/** Checks a password; gives the account, or throws what refuses. */
export async function loginWithPassword(
  session: Session,
  user: string,
  password: string,
): Promise<string> {
  checkMayTry(session, user);
  const prepared = trySaslprep(user);
  if (prepared === undefined || prepared === "") {
    return refuseLogin(session, user);
  }
  const outcome = await session.services.auth.checkPlain(prepared, password);
  return outcome.ok ? outcome.identity.account : refuseLogin(session, user);
}

/** The keys of a user for SCRAM; without an account they are made up. */
export async function scramKeys(
  session: Session,
  user: string,
): Promise<
  | { readonly account: string | undefined; readonly keys: ScramCredentials }
  | undefined
> {
  checkMayTry(session, user);
  const found = await session.services.auth.scram?.keys(user);
  if (found === undefined) return undefined;
  return { account: found.identity?.account, keys: found.keys };
}

/** Who has the token; `undefined` where it is not good. */
export async function accountOfToken(
  session: Session,
  user: string,
  token: string,
): Promise<string | undefined> {
  checkMayTry(session, user);
  const outcome = await session.services.auth.bearer?.checkToken(user, token);
  return outcome?.ok === true ? outcome.identity.account : undefined;
}

/**
 * Whom the certificate of the client names: the user wanted, or without one
 * whoever has an account. `undefined`: nobody.
 */
export async function accountOfCertificate(
  session: Session,
  user: string,
): Promise<string | undefined> {
  checkMayTry(session, user);
  const { external } = session.services.auth;
  const shown = session.connection.tls?.clientAddresses ?? [];
  if (external === undefined) return undefined;
  const prepared = trySaslprep(user);
  const wanted = prepared === undefined || prepared === ""
    ? undefined
    : await external.checkAddress(prepared);
  if (user !== "" && wanted?.ok !== true) return undefined;
  for (const address of shown.slice(0, MAX_SHOWN)) {
    const outcome = await external.checkAddress(address);
    if (!outcome.ok) continue;
    const { account } = outcome.identity;
    if (wanted === undefined) return account;
    if (wanted.ok && wanted.identity.account === account) return account;
  }
  return undefined;
}

/** Addresses of a certificate that are looked up. */
const MAX_SHOWN = 10;

/** Enters the account and says so. */
export async function completeLogin(
  session: Session,
  account: string,
): Promise<Done> {
  await session.login(account);
  session.log.info("logged in", {
    tls: session.connection.tls?.version ?? "none",
  });
  const words = await capabilitiesOf(session);
  return { text: "Logged in", code: `CAPABILITY ${words.join(" ")}` };
}

/** Counts the failure; `NO`, and the end after too many. */
export function refuseLogin(session: Session, user: string): never {
  const { loginLimits } = session.services;
  loginLimits.failed(session.connection.remoteAddress, user);
  session.log.warn("login refused", { user });
  if (++session.loginFailures >= MAX_LOGIN_FAILURES) endFor(session);
  throw new ImapError(
    "NO",
    "Wrong name or password",
    "AUTHENTICATIONFAILED",
  );
}

function checkMayTry(session: Session, user: string): void {
  const { loginLimits } = session.services;
  if (loginLimits.mayTry(session.connection.remoteAddress, user)) return;
  endFor(session);
  throw new ImapError("NO", "Too many failures, try later", "UNAVAILABLE");
}

function endFor(session: Session): void {
  session.isEnding = true;
  session.farewell = "Too many failures";
}
