/**
 * SCRAM-SHA-256 without channel binding, the server's side. RFC 5802, RFC 7677.
 *
 * An unknown user is asked on with keys made of the name, so that answers tell
 * nobody which names exist; the proof then fails like a wrong password.
 */
import { createHash, createHmac, timingSafeEqual } from "node:crypto";
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
  /** Secret of this server; makes salts of unknown users the same each time. */
  readonly decoySecret: Uint8Array;
  /** What keys of unknown users say; as new accounts have it. */
  readonly iterations: number;
}

/** Makes the mechanism. */
export function scramSha256(options: ScramOptions): SaslMechanism {
  return {
    name: "SCRAM-SHA-256",
    isPlaintext: false,
    firstChallenge: new Uint8Array(0),
    begin: () => new ScramExchange(options),
  };
}

/** The client's first message, taken apart. */
interface ClientFirst {
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

  constructor(options: ScramOptions) {
    this.#options = options;
  }

  respond(data: Uint8Array): SaslStep {
    const text = tryDecodeText(data);
    if (text === undefined) return { kind: "malformed" };
    if (this.#first !== undefined) return this.#finish(text);
    const first = readClientFirst(text);
    if (first === undefined) return { kind: "malformed" };
    this.#first = first;
    return {
      kind: "scram",
      authorization: first.authorization,
      user: first.user,
    };
  }

  credentials(keys: ScramCredentials | undefined): SaslStep {
    const first = this.#first;
    if (first === undefined) return { kind: "malformed" };
    this.#isKnown = keys !== undefined;
    this.#keys = keys ?? decoyKeys(this.#options, first.user);
    this.#nonce = first.nonce + encodeBase64(this.#options.random(NONCE_BYTES));
    const salt = encodeBase64(this.#keys.salt);
    this.#serverFirst = `r=${this.#nonce},s=${salt},i=${this.#keys.iterations}`;
    return { kind: "challenge", data: bytesOf(this.#serverFirst) };
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
    const header = encodeBase64(bytesOf(first.header));
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

/** `n,a=admin,n=user,r=nonce`. RFC 5802 section 7. */
function readClientFirst(text: string): ClientFirst | undefined {
  const match = /^([ny]),(?:a=([^,]*))?,(n=([^,]*),r=([\x21-\x2b\x2d-\x7e]+))/
    .exec(text);
  if (match === null) return undefined;
  const [whole = "", , authorization = "", , name = "", nonce = ""] = match;
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

function decoyKeys(
  { decoySecret: secret, iterations }: ScramOptions,
  user: string,
): ScramCredentials {
  const salt = hmac(secret, bytesOf(`salt ${user}`));
  return {
    salt: salt.subarray(0, 16),
    iterations,
    storedKey: hmac(secret, bytesOf(`stored ${user}`)),
    serverKey: hmac(secret, bytesOf(`server ${user}`)),
  };
}

function hmac(key: Uint8Array, data: Uint8Array): Uint8Array {
  return new Uint8Array(createHmac("sha256", key).update(data).digest());
}

function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}
