/** What the supervisor asks of a worker: the calls on its control channel. */
import type { ConfigNode } from "#src/config/node.ts";
import type { NameServer } from "#src/dns/name_servers.ts";
import type { Machine } from "#src/module/configuration.ts";
import type { WorkerPlan } from "./plan.ts";
import type { Facts } from "./services.ts";

/** Name of the service. */
export const CONTROL = "control";

/** Everything that a worker is made of. Plain data. */
export interface WorkerInit {
  readonly tree: readonly ConfigNode[];
  readonly machine: Machine;
  readonly plan: WorkerPlan;
  readonly homes: ReadonlyMap<string, string>;
  readonly readers: readonly string[];
  readonly facts: Facts;
  readonly nameServers: readonly NameServer[];
}

/** Answer to `init` and `start`: mistakes keep their text. */
export type WorkerOutcome =
  | { readonly ok: true; readonly facts: Facts }
  | { readonly ok: false; readonly message: string };
