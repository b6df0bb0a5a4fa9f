/**
 * One process at a time works on a state folder: the server, or a command while
 * no server runs. The lock goes away with the process that holds it.
 */
import { join } from "node:path";
import { systemReason } from "#src/errors/system_reason.ts";
import { CliError } from "./exit_code.ts";

/** How often a held lock is tried again. */
const RETRY_MS = 50;

const EXCLUSIVE = true;

/** A lock that is held until `release`. */
export interface StateLock {
  release(): void;
}

/**
 * Makes the state folder (readable by its owner alone) and locks it; waits for
 * another holder for at most `waitMs`.
 */
export async function lockState(
  folder: string,
  waitMs: number,
): Promise<StateLock> {
  const path = join(folder, "lock");
  // Whatever this process makes is for its user alone.
  Deno.umask(0o077);
  let file: Deno.FsFile;
  try {
    await Deno.mkdir(folder, { recursive: true, mode: 0o700 });
    file = await Deno.open(path, { write: true, create: true, mode: 0o600 });
  } catch (error) {
    throw new CliError(
      `The state folder ${folder} cannot be used: ${systemReason(error)}`,
      undefined,
      "Set state_dir to a folder that this user may write",
    );
  }
  if (!await lockWithin(file, waitMs)) {
    file.close();
    throw new CliError(
      `Another epistle uses the state folder ${folder}`,
      undefined,
      "Wait for it or stop it, or give this one a state_dir of its own",
    );
  }
  return { release: () => file.close() };
}

/** Locks the file if nobody else holds it for all of `waitMs`. */
async function lockWithin(file: Deno.FsFile, waitMs: number): Promise<boolean> {
  // Before Deno 2.9 there only is the lock that waits for ever.
  if (typeof file.tryLock !== "function") {
    return await Promise.race([
      file.lock(EXCLUSIVE).then(() => true),
      pause(Math.max(waitMs, RETRY_MS)).then(() => false),
    ]);
  }
  const end = performance.now() + waitMs;
  while (!await file.tryLock(EXCLUSIVE)) {
    if (performance.now() >= end) return false;
    await pause(RETRY_MS);
  }
  return true;
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
