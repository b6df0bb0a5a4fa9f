/**
 * SCRAM-SHA-256, and with channel binding SCRAM-SHA-256-PLUS: the server's
 * side. RFC 5802, RFC 7677, RFC 5929 section 4.
 *
 * An unknown user is asked on with keys that the auth module has made up, so
 * that answers tell nobody which names exist; the proof then fails like a wrong
 * password.
 */
import { createHash, createHmac, timingSafeEqual } from "node:crypto";
import { concatBytes } from "#src/bytes/concat_bytes.ts";
import type {
  SaslExchange,
  SaslMechanism,
  SaslStep,
  ScramCredentials,
} from "./mechanism.ts";
import { trySaslprep } from "./saslprep.ts";
import { encodeBase64, tryDecodeBase64, tryDecodeText } from "./text.ts";

const HASH_BYTES = 32;
const NONCE_BYTES = 18;

/** What the mechanism takes from outside. */
export interface ScramOptions {
  /** Random bytes, for the nonce. */
  random(bytes: number): Uint8Array;
}

/** What ties an exchange to its TLS connection. RFC 5056. */
export interface ChannelBinding {
  readonly type: "tls-server-end-point";
  readonly data: Uint8Array;
}

/**
 * Makes the mechanisms that a connection can have, the strongest first: with
 * channel binding where there is one to bind to, and without.
 */
export function scramSha256(
  options: ScramOptions,
  binding?: ChannelBinding,
): SaslMechanism[] {
  const make = (
    name: string,
    bound: ChannelBinding | undefined,
  ): SaslMechanism => ({
    name,
    isPlaintext: false,
    firstChallenge: new Uint8Array(0),
    begin: () => new ScramExchange(options, binding, bound),
  });
  const names = [make("SCRAM-SHA-256", undefined)];
  if (binding !== undefined) {
    names.unshift(make("SCRAM-SHA-256-PLUS", binding));
  }
  return names;
}

/** The client's first message, taken apart. */
interface ClientFirst {
  /** `n`, `y`, or the type of channel binding after `p=`. */
  readonly flag: string;
  readonly header: string;
  readonly bare: string;
  readonly authorization: string;
  readonly user: string;
  readonly nonce: string;
}

class ScramExchange implements SaslExchange {
  readonly #options: ScramOptions;
  #first: ClientFirst | undefined;
  #serverFirst = "";
  #nonce = "";
  #keys: ScramCredentials | undefined;
  #isKnown = false;
  /** What the connection has. */
  readonly #offered: ChannelBinding | undefined;
  /** What this exchange is bound to. */
  readonly #bound: ChannelBinding | undefined;

  constructor(
    options: ScramOptions,
    offered: ChannelBinding | undefined,
    bound: ChannelBinding | undefined,
  ) {
    this.#options = options;
    this.#offered = offered;
    this.#bound = bound;
  }

  respond(data: Uint8Array): SaslStep {
    const text = tryDecodeText(data);
    if (text === undefined) return { kind: "malformed" };
    if (this.#first !== undefined) return this.#finish(text);
    const first = readClientFirst(text);
    if (first === undefined || !this.#allows(first.flag)) {
      return { kind: "malformed" };
    }
    this.#first = first;
    return {
      kind: "scram",
      authorization: first.authorization,
      user: first.user,
    };
  }

  /**
   * RFC 5802 section 6: `y` says that the client believes the server to have
   * no channel binding; where it has, somebody has tampered with the list.
   */
  #allows(flag: string): boolean {
    if (this.#bound !== undefined) return flag === this.#bound.type;
    return flag === "n" || (flag === "y" && this.#offered === undefined);
  }

  credentials(keys: ScramCredentials, isKnown: boolean): SaslStep {
    const first = this.#first;
    if (first === undefined) return { kind: "malformed" };
    this.#isKnown = isKnown;
    this.#keys = keys;
    this.#nonce = first.nonce + encodeBase64(this.#options.random(NONCE_BYTES));
    const salt = encodeBase64(keys.salt);
    this.#serverFirst = `r=${this.#nonce},s=${salt},i=${keys.iterations}`;
    return { kind: "challenge", data: bytesOf(this.#serverFirst) };
  }

  /** What the client has to repeat, with the data of the binding. */
  #boundHeader(header: string): Uint8Array {
    const data = this.#bound?.data ?? new Uint8Array(0);
    return concatBytes([bytesOf(header), data]);
  }

  #finish(text: string): SaslStep {
    const first = this.#first;
    const keys = this.#keys;
    if (first === undefined || keys === undefined) return { kind: "malformed" };
    const proofAt = text.lastIndexOf(",p=");
    if (proofAt < 0) return { kind: "malformed" };
    const withoutProof = text.slice(0, proofAt);
    const proof = tryDecodeBase64(text.slice(proofAt + 3));
    if (proof?.length !== HASH_BYTES) return { kind: "malformed" };
    const [binding, nonce] = withoutProof.split(",");
    const header = encodeBase64(this.#boundHeader(first.header));
    if (binding !== `c=${header}` || nonce !== `r=${this.#nonce}`) {
      return { kind: "malformed" };
    }
    const message = bytesOf(
      `${first.bare},${this.#serverFirst},${withoutProof}`,
    );
    // RFC 5802 section 3: ClientKey := ClientProof XOR ClientSignature.
    const signature = hmac(keys.storedKey, message);
    const clientKey = proof.map((byte, i) => byte ^ (signature[i] ?? 0));
    const stored = createHash("sha256").update(clientKey).digest();
    const isEqual = stored.length === keys.storedKey.length &&
      timingSafeEqual(stored, keys.storedKey);
    if (!isEqual || !this.#isKnown) return { kind: "refused" };
    const serverSignature = hmac(keys.serverKey, message);
    return {
      kind: "proved",
      data: bytesOf(`v=${encodeBase64(serverSignature)}`),
    };
  }
}

const FIRST = new RegExp(
  "^([ny]|p=[A-Za-z0-9.-]+),(?:a=([^,]*))?,n=([^,]*)," +
    "r=([\\x21-\\x2b\\x2d-\\x7e]+)",
);

/** `p=type,a=admin,n=user,r=nonce`. RFC 5802 section 7. */
function readClientFirst(text: string): ClientFirst | undefined {
  const match = FIRST.exec(text);
  if (match === null) return undefined;
  const [whole = "", flag = "", authorization = "", name = "", nonce = ""] =
    match;
  const rest = text.slice(whole.length);
  // Extensions may follow; nothing else.
  if (rest !== "" && !/^(?:,[A-Za-z]=[^,]*)+$/.test(rest)) return undefined;
  const bareAt = text.indexOf(",", text.indexOf(",") + 1) + 1;
  const user = readName(name);
  const actAs = readName(authorization);
  if (user === undefined || user === "" || actAs === undefined) {
    return undefined;
  }
  return {
    flag: flag.replace(/^p=/, ""),
    header: text.slice(0, bareAt),
    bare: text.slice(bareAt),
    authorization: actAs,
    user,
    nonce,
  };
}

/** `=2C` and `=3D` back, then SASLprep. */
function readName(text: string): string | undefined {
  if (/=(?!2C|3D)/.test(text)) return undefined;
  return trySaslprep(text.replaceAll("=2C", ",").replaceAll("=3D", "="));
}

function hmac(key: Uint8Array, data: Uint8Array): Uint8Array {
  return new Uint8Array(createHmac("sha256", key).update(data).digest());
}

function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}
