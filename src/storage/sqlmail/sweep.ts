/**
 * Frees what nobody uses any more: contents without copies, their blobs, and
 * blobs that were put for a message that was never committed. Bounded steps,
 * never part of a request.
 */
import type { Clock } from "#src/clock/clock.ts";
import type { Log } from "#src/log/log.ts";
import type { Blobs } from "#src/module/roles/blobs.ts";
import type { StorageDriver } from "../driver.ts";
import { number, optionalText } from "../row.ts";
import type { BodyStore } from "./body_store.ts";
import type { Writer } from "./writer.ts";

/** Between two rounds, and at first. */
const ROUND_MS = 60_000;

/** Between two looks for blobs that no row names. */
const ORPHANS_MS = 24 * 3_600_000;

/** Contents removed in one operation. */
const STEP = 200;

/** A blob younger than this may still be named by a commit. */
const ORPHAN_AGE_MS = 24 * 3_600_000;

/** Blobs that wait for removal; what is left out is found as an orphan. */
const MAX_WAITING = 10_000;

/** What a sweep works on. */
export interface SweepOptions {
  readonly driver: StorageDriver;
  readonly writer: Writer;
  readonly blobs: Blobs;
  readonly bodies: BodyStore;
  readonly clock: Clock;
  readonly log: Log;
}

/** Sweeps now and then. */
export class Sweep {
  readonly #options: SweepOptions;
  readonly #unnamed = new Set<string>();

  constructor(options: SweepOptions) {
    this.#options = options;
  }

  /** Works until `signal` is aborted. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, log } = this.#options;
    let orphansAt = clock.monotonic() + ROUND_MS;
    while (!signal.aborted) {
      await clock.sleep(ROUND_MS, signal);
      try {
        await this.round(signal);
        if (clock.monotonic() < orphansAt) continue;
        orphansAt = clock.monotonic() + ORPHANS_MS;
        await this.orphans(signal);
      } catch (error) {
        if (signal.aborted) return;
        log.warn("sweep failed", { error: String(error) });
      }
    }
  }

  /** Removes all contents without copies, then their blobs. */
  async round(signal?: AbortSignal): Promise<void> {
    const { writer, log } = this.#options;
    let removed = 0;
    for (;;) {
      signal?.throwIfAborted();
      const hashes = await writer.run(async (context) => {
        const rows = await context.all(
          `SELECT id, blob FROM contents WHERE uses = 0 LIMIT ${STEP}`,
        );
        for (const row of rows) {
          await context.run("DELETE FROM contents WHERE id = ?", [
            number(row, "id"),
          ]);
        }
        return rows.map((row) => optionalText(row, "blob"));
      });
      removed += hashes.length;
      for (const hash of hashes) {
        if (hash === undefined || this.#unnamed.size >= MAX_WAITING) continue;
        this.#unnamed.add(hash);
      }
      if (hashes.length < STEP) break;
    }
    await this.#removeUnnamed(signal);
    if (removed > 0) log.debug("contents swept", { removed });
  }

  /** Removes blobs that no row names. */
  async orphans(signal?: AbortSignal): Promise<void> {
    const { blobs, clock } = this.#options;
    for await (const hash of blobs.list(clock.now() - ORPHAN_AGE_MS)) {
      signal?.throwIfAborted();
      if (await this.#isNamed(hash)) continue;
      if (this.#unnamed.size >= MAX_WAITING) break;
      this.#unnamed.add(hash);
    }
    await this.#removeUnnamed(signal);
  }

  async #removeUnnamed(signal: AbortSignal | undefined): Promise<void> {
    for (const hash of [...this.#unnamed]) {
      signal?.throwIfAborted();
      const decided = await this.#options.bodies.removeUnless(
        hash,
        () => this.#isNamed(hash),
      );
      if (decided) this.#unnamed.delete(hash);
    }
  }

  async #isNamed(hash: string): Promise<boolean> {
    const row = await this.#options.driver.read(async (sql) =>
      await sql.one("SELECT 1 AS yes FROM contents WHERE blob = ? LIMIT 1", [
        hash,
      ])
    );
    return row !== undefined;
  }
}
