/** What the program hands to every module instance. */
import type { Clock } from "#src/clock/clock.ts";
import type { Resolver } from "#src/dns/resolver.ts";
import type { Log } from "#src/log/log.ts";
import type { Globals } from "#src/module/globals.ts";
import type { Ref } from "#src/module/ref.ts";
import type { RoleName, Roles } from "#src/module/roles/roles.ts";

/**
 * The kinds of worker. `main` is the supervisor's own thread; with `workers 0`
 * every instance lives there. `cli` is a command that opens an instance while
 * no server runs: it serves role `admin` alone and begins no work by itself.
 * `indexer` is the first reader, which also does what is to be done behind the
 * commits; with no readers it is left to `storage`.
 */
export type WorkerKind =
  | "main"
  | "endpoint"
  | "storage"
  | "reader"
  | "indexer"
  | "delivery"
  | "sandbox"
  | "cli";

/**
 * The surroundings of one instance. `create` may keep the host and call `use`;
 * what `use` returns may only be called from `start` on.
 */
export interface Host {
  /** Name of this instance, as other blocks refer to it. */
  readonly instance: string;
  /** Addresses to listen on as `host:port`; empty where none stand there. */
  readonly addresses: readonly string[];
  /** The worker in which this copy of the instance lives. */
  readonly worker: WorkerKind;
  readonly globals: Globals;
  readonly log: Log;
  readonly clock: Clock;
  readonly resolver: Resolver;
  /**
   * The implementation behind a reference: the instance itself where it lives
   * in this worker, else a stub that speaks to its home worker.
   */
  use<R extends RoleName>(ref: Ref<R>): Roles[R];
  /**
   * Hands over work that outlives the call that started it. The task is
   * aborted and awaited when the instance stops; if it rejects for another
   * reason than that, the reason is logged.
   */
  spawn(name: string, task: (signal: AbortSignal) => Promise<void>): void;
}
