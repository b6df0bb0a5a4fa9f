/**
 * Passwords as they are stored: scrypt, and the keys of SCRAM-SHA-256 beside
 * it. Hashing runs off the protocol thread (`node:crypto` has its own threads).
 */
import {
  createHash,
  createHmac,
  pbkdf2,
  randomBytes,
  scrypt,
  timingSafeEqual,
} from "node:crypto";
import type { ScramKeys } from "#src/module/roles/auth.ts";

/** Cost of scrypt: about 100 ms and 16 MiB a password. */
const SCRYPT = { N: 16_384, r: 8, p: 1 } as const;
const HASH_BYTES = 32;
/** Salt of a new password. */
export const SALT_BYTES = 16;

/** RFC 7677 section 4 asks for at least 4,096. */
export const SCRAM_ITERATIONS = 10_000;

/** Longest password; hashing more bytes helps nobody but an attacker. */
export const MAX_PASSWORD_BYTES = 1_024;

/** What is stored of a password. */
export interface PasswordRecord {
  /** `scrypt$N$r$p$salt$hash`, base64. */
  readonly scrypt: string;
  readonly scram: ScramKeys;
}

/** Hashes a new password. */
export async function makeRecord(password: string): Promise<PasswordRecord> {
  const salt = fresh(SALT_BYTES);
  const hash = await scryptHash(password, salt, SCRYPT);
  const { N, r, p } = SCRYPT;
  return {
    scrypt: `scrypt$${N}$${r}$${p}$${salt.toBase64()}$${hash.toBase64()}`,
    scram: await scramKeys(password),
  };
}

/** A record that no password fits, for the same effort on unknown users. */
export const NO_RECORD: string = `scrypt$${SCRYPT.N}$${SCRYPT.r}$${SCRYPT.p}$${
  new Uint8Array(SALT_BYTES).toBase64()
}$${new Uint8Array(HASH_BYTES).toBase64()}`;

/** Whether the password fits; takes as long either way. */
export async function checkRecord(
  record: string,
  password: string,
): Promise<boolean> {
  const [kind, N, r, p, salt = "", hash = ""] = record.split("$");
  if (kind !== "scrypt") return false;
  const expected = Uint8Array.fromBase64(hash);
  const actual = await scryptHash(password, Uint8Array.fromBase64(salt), {
    N: Number(N),
    r: Number(r),
    p: Number(p),
  });
  return actual.length === expected.length && timingSafeEqual(actual, expected);
}

/** RFC 5802 section 3, with SHA-256 (RFC 7677). */
async function scramKeys(password: string): Promise<ScramKeys> {
  const salt = fresh(SALT_BYTES);
  const salted = await pbkdf2Hash(prepared(password), salt, SCRAM_ITERATIONS);
  const clientKey = hmac(salted, "Client Key");
  return {
    salt,
    iterations: SCRAM_ITERATIONS,
    storedKey: new Uint8Array(createHash("sha256").update(clientKey).digest()),
    serverKey: hmac(salted, "Server Key"),
  };
}

/** Spelling does not count: about SASLprep (RFC 4013 section 2.2). */
function prepared(password: string): string {
  return password.normalize("NFKC");
}

function fresh(count: number): Uint8Array {
  return new Uint8Array(randomBytes(count));
}

function hmac(key: Uint8Array, text: string): Uint8Array {
  return new Uint8Array(createHmac("sha256", key).update(text).digest());
}

function scryptHash(
  password: string,
  salt: Uint8Array,
  cost: { readonly N: number; readonly r: number; readonly p: number },
): Promise<Uint8Array> {
  const { promise, resolve, reject } = Promise.withResolvers<Uint8Array>();
  scrypt(prepared(password), salt, HASH_BYTES, cost, (error, key) => {
    if (error !== null) reject(error);
    else resolve(new Uint8Array(key));
  });
  return promise;
}

function pbkdf2Hash(
  password: string,
  salt: Uint8Array,
  iterations: number,
): Promise<Uint8Array> {
  const { promise, resolve, reject } = Promise.withResolvers<Uint8Array>();
  pbkdf2(password, salt, iterations, HASH_BYTES, "sha256", (error, key) => {
    if (error !== null) reject(error);
    else resolve(new Uint8Array(key));
  });
  return promise;
}
