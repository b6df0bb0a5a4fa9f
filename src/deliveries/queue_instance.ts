/** The engine of `src/queue` with the settings of a `queue` block. */
import type { Instance } from "#src/module/define.ts";
import type { Host } from "#src/module/host.ts";
import { QueueEngine } from "#src/queue/engine.ts";
import { QueueAdmin } from "#src/queue/queue_admin.ts";
import { QueueDelivery } from "#src/queue/queue_delivery.ts";
import { type QueueConfig, queueFolder } from "./queue.ts";

/** Joins engine, delivery and commands; nothing is opened yet. */
export function createQueue(
  config: QueueConfig,
  host: Host,
): Instance<"delivery" | "admin"> {
  const { globals } = host;
  let engine: QueueEngine | undefined;
  // Made at the first use, so that commands work on a queue that is not started.
  const getEngine = (): QueueEngine =>
    engine ??= new QueueEngine({
      folder: queueFolder(globals.state_dir, host.instance),
      hostname: globals.hostname,
      schedule: { waits: config.retry, maxAge: config.max_age },
      concurrency: config.concurrency,
      domainConcurrency: config.domain_concurrency,
      batch: config.batch,
      delayWarning: config.delay_warning,
      inlineSize: config.inline_size,
      accountLimits: {
        messages: config.account_messages,
        newRecipients: config.account_new_recipients,
      },
    }, {
      clock: host.clock,
      log: host.log,
      random: Math.random,
      target: () => host.use(config.target),
      bounce: () => host.use(config.bounce),
      isLocal: (domain) => globals.domains.includes(domain),
    });
  return {
    delivery: new QueueDelivery(getEngine, config.max_received),
    admin: new QueueAdmin(getEngine),
    // deno-lint-ignore require-await -- a database that is taken must reject
    async start(): Promise<void> {
      // A command looks at the queue; it must not begin to send.
      if (host.worker !== "cli") getEngine().start();
    },
    drain: () => engine?.drain() ?? Promise.resolve(),
    stop: () => engine?.stop() ?? Promise.resolve(),
  };
}
