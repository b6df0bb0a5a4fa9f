/**
 * A storage of other workers, used from the main thread for a while: what
 * commands of the operator work on while the server runs.
 */
import type { StorageBackend } from "#src/imap/backend.ts";
import type { Log } from "#src/log/log.ts";
import { Channel, type Service } from "./channel.ts";
import { Link } from "./link.ts";
import type { StorageFacts } from "./remote_powers.ts";
import { RemoteStorage } from "./remote_storage.ts";
import { serviceName } from "./service_name.ts";
import type { WorkerHandle } from "./worker_handle.ts";

/** A storage at hand. */
export interface StorageVisit {
  readonly storage: StorageBackend;
  /** Frees the ways to the workers; calls that run fail. */
  end(): void;
}

/** What a visit is made of. */
export interface VisitOptions {
  /** Name of the instance. */
  readonly instance: string;
  /** Name of this visitor, unique in the server. */
  readonly visitor: string;
  readonly home: WorkerHandle;
  readonly readers: readonly WorkerHandle[];
  readonly facts: Readonly<Record<string, unknown>>;
  readonly log: Log;
}

/** Opens the ways to the workers of a storage. */
export async function visitStorage(
  options: VisitOptions,
): Promise<StorageVisit> {
  const { instance, visitor, home, readers, log } = options;
  const service = serviceName("storage", instance);
  const services = new Map<string, Service>();
  const open = async (handle: WorkerHandle): Promise<Link> => {
    const { port1, port2 } = new MessageChannel();
    await handle.connect(visitor, port2, [service]);
    const link = new Link(handle.name);
    link.connect(new Channel(port1, { name: handle.name, log, services }));
    return link;
  };
  const links = await Promise.all([home, ...readers].map(open));
  const [writer = new Link(home.name), ...others] = links;
  const facts = options.facts[service] as StorageFacts | undefined;
  return {
    storage: new RemoteStorage(
      writer,
      others,
      service,
      (name, receiver) => services.set(name, receiver),
      facts?.powers,
    ),
    end(): void {
      for (const link of links) link.disconnect();
      for (const handle of [home, ...readers]) handle.disconnect(visitor);
    },
  };
}
