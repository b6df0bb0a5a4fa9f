/** AUTHENTICATE, with initial response. RFC 9051 section 6.2.2, RFC 4959. */
import { defineCommand } from "#src/imap/command.ts";
import { ImapError } from "#src/imap/errors.ts";
import {
  accountOfCertificate,
  accountOfToken,
  completeLogin,
  loginWithPassword,
  refuseLogin,
  scramKeys,
} from "#src/imap/login.ts";
import { COMMAND_TIMEOUT_MS } from "#src/imap/limits.ts";
import { isHidden } from "#src/imap/capability.ts";
import { mechanismsOf } from "#src/imap/sasl_mechanisms.ts";
import type { Session } from "#src/imap/session.ts";
import { asciiText } from "#src/imap/wire/ascii.ts";
import type { SaslExchange, SaslStep } from "#src/sasl/mechanism.ts";
import { encodeBase64, tryDecodeBase64 } from "#src/sasl/text.ts";
import { ConnectionClosed } from "#src/net/connection_errors.ts";

export const authenticate = defineCommand({
  name: "AUTHENTICATE",
  states: ["notAuthenticated"],
  updates: "none",
  parse(cursor) {
    cursor.sp();
    const mechanism = cursor.word("mechanism");
    let initial: string | undefined;
    if (cursor.trySp()) {
      const from = cursor.offset;
      while (isBase64(cursor.peek())) cursor.byte(cursor.peek() ?? 0);
      initial = cursor.textFrom(from);
    }
    cursor.end();
    return { mechanism, initial };
  },
  async run(session, { mechanism, initial }) {
    const known = mechanismsOf(session).find(({ name }) =>
      name === mechanism && !isHidden(session, `AUTH=${name}`)
    );
    if (known === undefined) {
      throw new ImapError("NO", "That mechanism is not offered", "CANNOT");
    }
    const exchange = known.begin();
    let answer: Uint8Array;
    if (initial !== undefined) {
      // RFC 4959 section 3: "=" is a response of no bytes.
      answer = initial === "=" ? new Uint8Array(0) : decode(initial);
    } else {
      answer = await ask(session, known.firstChallenge);
    }
    const account = await converse(session, exchange, exchange.respond(answer));
    return await completeLogin(session, account);
  },
});

/** A byte of base64, padding included. */
function isBase64(byte: number | undefined): boolean {
  return byte !== undefined &&
    /^[A-Za-z0-9+/=]$/.test(String.fromCharCode(byte));
}

/** Steps until somebody is known; gives the account. */
async function converse(
  session: Session,
  exchange: SaslExchange,
  first: SaslStep,
): Promise<string> {
  let step = first;
  let account: string | undefined;
  let user = "";
  // Every mechanism ends after a few steps; the client can not prolong it.
  while (true) {
    switch (step.kind) {
      case "challenge":
        step = exchange.respond(await ask(session, step.data));
        break;
      case "password":
        checkAuthorization(step.authorization, step.user);
        return await loginWithPassword(session, step.user, step.password);
      case "token": {
        const found = await accountOfToken(session, step.user, step.token);
        if (found !== undefined) return found;
        user = step.user;
        step = exchange.tokenRefused?.() ?? { kind: "refused" };
        break;
      }
      case "certificate": {
        const found = await accountOfCertificate(session, step.user);
        return found ?? refuseLogin(session, step.user);
      }
      case "scram": {
        checkAuthorization(step.authorization, step.user);
        user = step.user;
        const found = await scramKeys(session, step.user);
        if (found === undefined) return malformed();
        account = found.account;
        step = exchange.credentials?.(found.keys, account !== undefined) ??
          { kind: "malformed" };
        break;
      }
      case "proved": {
        const last = await ask(session, step.data);
        if (last.length > 0 || account === undefined) return malformed();
        return account;
      }
      case "refused":
        return refuseLogin(session, user);
      case "malformed":
        return malformed();
    }
  }
}

function malformed(): never {
  throw new ImapError("BAD", "That is no answer of the mechanism");
}

/** Acting as another account is not offered. RFC 4422 section 3.4.1. */
function checkAuthorization(authorization: string, user: string): void {
  if (authorization === "" || authorization === user) return;
  throw new ImapError(
    "NO",
    "Acting as another is not allowed",
    "AUTHORIZATIONFAILED",
  );
}

async function ask(session: Session, data: Uint8Array): Promise<Uint8Array> {
  session.out.line(`+ ${encodeBase64(data)}`);
  const line = await session.reader.line(COMMAND_TIMEOUT_MS);
  if (line === undefined) throw new ConnectionClosed("The client is gone");
  const text = asciiText(line);
  if (text === "*") throw new ImapError("BAD", "Cancelled");
  return decode(text);
}

function decode(text: string): Uint8Array {
  const bytes = tryDecodeBase64(text);
  if (bytes === undefined) throw new ImapError("BAD", "That is not base64");
  return bytes;
}
