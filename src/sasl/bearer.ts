/**
 * Bearer tokens of OAuth 2.0: OAUTHBEARER (RFC 7628) and the older XOAUTH2 of
 * Google, which some clients know alone. Both carry the token with the first
 * message; a refusal is told as JSON in a challenge, which the client confirms.
 */
import type { SaslExchange, SaslMechanism, SaslStep } from "./mechanism.ts";
import { tryDecodeText } from "./text.ts";

/** Longest token; those of the large providers have up to 4 KiB. */
const MAX_TOKEN_LENGTH = 8 * 1024;

/** RFC 7628 section 3.2.2. */
const REFUSAL = '{"status":"invalid_token","schemes":"bearer"}';

/** What the first message says. */
interface BearerMessage {
  readonly user: string;
  readonly token: string;
}

/** RFC 7628. */
export const OAUTHBEARER: SaslMechanism = bearer("OAUTHBEARER", readOauth);

/** As Google describes it for IMAP and SMTP. */
export const XOAUTH2: SaslMechanism = bearer("XOAUTH2", readXoauth2);

function bearer(
  name: string,
  read: (text: string) => BearerMessage | undefined,
): SaslMechanism {
  return {
    name,
    isPlaintext: true,
    firstChallenge: new Uint8Array(0),
    begin: () => new BearerExchange(read),
  };
}

class BearerExchange implements SaslExchange {
  readonly #read: (text: string) => BearerMessage | undefined;
  #isRefused = false;

  constructor(read: (text: string) => BearerMessage | undefined) {
    this.#read = read;
  }

  respond(data: Uint8Array): SaslStep {
    // Whatever confirms the refusal, it stays one.
    if (this.#isRefused) return { kind: "refused" };
    const text = tryDecodeText(data);
    const message = text === undefined ? undefined : this.#read(text);
    if (message === undefined || !isToken(message.token)) {
      return { kind: "malformed" };
    }
    return { kind: "token", ...message };
  }

  tokenRefused(): SaslStep {
    this.#isRefused = true;
    return { kind: "challenge", data: new TextEncoder().encode(REFUSAL) };
  }
}

/** b64token. RFC 6750 section 2.1. */
function isToken(text: string): boolean {
  return text.length <= MAX_TOKEN_LENGTH &&
    /^[A-Za-z0-9\-._~+/]+=*$/.test(text);
}

/** Ends each part of a message. */
const END = "\x01";

/**
 * `n,a=user@example.org,^Ahost=...^Aport=...^Aauth=Bearer token^A^A`. RFC 7628
 * section 3.1. Channel binding (`p`) is not offered.
 */
function readOauth(text: string): BearerMessage | undefined {
  const [header = "", ...pairs] = text.split(END);
  const match = /^[ny],(?:a=([^,]*))?,$/.exec(header);
  const name = match?.[1] ?? "";
  if (match === null || /=(?!2C|3D)/.test(name)) return undefined;
  const user = name.replaceAll("=2C", ",").replaceAll("=3D", "=");
  return withToken(user, pairs);
}

/** `user=somebody@example.org^Aauth=Bearer token^A^A`. */
function readXoauth2(text: string): BearerMessage | undefined {
  const [header = "", ...pairs] = text.split(END);
  const user = /^user=(.+)$/.exec(header)?.[1];
  return user === undefined ? undefined : withToken(user, pairs);
}

/** The value of `auth` among the pairs; two empty parts end them. */
function withToken(
  user: string,
  parts: readonly string[],
): BearerMessage | undefined {
  const pairs = parts.slice(0, -2);
  const isWhole = parts.length > 2 && parts.slice(-2).join("") === "" &&
    pairs.every((pair) => /^[A-Za-z]+=/.test(pair));
  const values = pairs.filter((pair) => /^auth=/i.test(pair));
  const [only] = values;
  const token = /^auth=bearer +(\S+) *$/i.exec(only ?? "")?.[1];
  if (!isWhole || values.length !== 1 || token === undefined) return undefined;
  return { user, token };
}
