/**
 * SCRAM keys of names that no account has: the same each time, and of the same
 * look as those of an account, so that nobody learns from them who has one.
 *
 * They come from a secret in the database: one for all workers, kept over
 * restarts.
 */
import { createHmac, randomBytes } from "node:crypto";
import { StorageError } from "#src/errors/errors.ts";
import type { ScramKeys } from "#src/module/roles/auth.ts";
import type { Sql, WriteSql } from "../driver.ts";
import { bytes } from "../row.ts";
import { SALT_BYTES, SCRAM_ITERATIONS } from "./passwords.ts";

const SETTING = "scram_decoy";
const SECRET_BYTES = 32;

/** Makes the secret where there is none yet. */
export async function ensureDecoySecret(sql: WriteSql): Promise<void> {
  // A value of bytes stays as it is in a column that prefers integers.
  await sql.run(
    "INSERT INTO settings (name, value) VALUES (?, ?) ON CONFLICT DO NOTHING",
    [SETTING, new Uint8Array(randomBytes(SECRET_BYTES))],
  );
}

/** The secret; `busy` while the writer has not made it. */
export async function readDecoySecret(sql: Sql): Promise<Uint8Array> {
  const row = await sql.one("SELECT value FROM settings WHERE name = ?", [
    SETTING,
  ]);
  if (row === undefined) {
    throw new StorageError("busy", "The mail database is not ready");
  }
  return bytes(row, "value");
}

/** Keys that no password fits. `name` is normalised. */
export function decoyKeys(secret: Uint8Array, name: string): ScramKeys {
  const part = (word: string): Uint8Array =>
    new Uint8Array(
      createHmac("sha256", secret).update(`${word} ${name}`).digest(),
    );
  return {
    salt: part("salt").slice(0, SALT_BYTES),
    iterations: SCRAM_ITERATIONS,
    storedKey: part("stored"),
    serverKey: part("server"),
  };
}
