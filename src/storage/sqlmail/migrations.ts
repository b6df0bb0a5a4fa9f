/** The numbered steps from an empty database to the present schema. */
import { StorageError } from "#src/errors/errors.ts";
import type { StorageDriver } from "../driver.ts";
import { SCHEMA_1 } from "./schema_1.ts";
import { SCHEMA_2 } from "./schema_2.ts";
import { SCHEMA_3 } from "./schema_3.ts";
import { ensureDecoySecret } from "./scram_decoy.ts";
import { ensureGeneration } from "./search_generation.ts";

/** Step n leads from schema n to schema n + 1. Released steps never change. */
const STEPS: readonly string[] = [SCHEMA_1, SCHEMA_2, SCHEMA_3];

/** Number of the present schema. */
export const SCHEMA_VERSION: number = STEPS.length;

/**
 * Brings the database to the present schema; all steps or none. What every
 * database has to hold is there afterwards.
 */
export async function migrate(driver: StorageDriver): Promise<void> {
  await driver.write(async (sql) => {
    const version = await driver.schemaVersion(sql);
    if (version > SCHEMA_VERSION) throw tooNew(version);
    for (const step of STEPS.slice(version)) await driver.script(sql, step);
    if (version < SCHEMA_VERSION) {
      await driver.setSchemaVersion(sql, SCHEMA_VERSION);
    }
    await ensureDecoySecret(sql);
    await ensureGeneration(sql);
  });
}

/** Whether the database has the present schema; throws for a later one. */
export async function isMigrated(driver: StorageDriver): Promise<boolean> {
  const version = await driver.read(async (sql) =>
    await driver.schemaVersion(sql)
  );
  if (version > SCHEMA_VERSION) throw tooNew(version);
  return version === SCHEMA_VERSION;
}

function tooNew(version: number): StorageError {
  return new StorageError(
    "invalid",
    `The mail database has schema ${version}, this program knows up to ` +
      `${SCHEMA_VERSION}: use the program that wrote it, or a later one`,
  );
}
