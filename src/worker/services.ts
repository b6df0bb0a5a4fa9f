/** Joins roles with channels: which stub and which service a role has. */
import type { Log } from "#src/log/log.ts";
import type { Ref } from "#src/module/ref.ts";
import type { RoleName, Roles } from "#src/module/roles/roles.ts";
import type { BodyShelf } from "./body_shelf.ts";
import type { Service } from "./channel.ts";
import type { Link } from "./link.ts";
import { type AuthFacts, AuthService, RemoteAuth } from "./remote_auth.ts";
import { BlobsService, RemoteBlobs } from "./remote_blobs.ts";
import {
  type DeliveryFacts,
  DeliveryService,
  RemoteDelivery,
} from "./remote_delivery.ts";
import {
  type FilterFacts,
  FilterService,
  RemoteFilter,
} from "./remote_filter.ts";
import {
  AdminService,
  CertificatesService,
  RemoteAdmin,
  RemoteCertificates,
  RemoteTable,
  TableService,
} from "./remote_small_roles.ts";
import type { PowerName, StorageFacts } from "./remote_powers.ts";
import { RemoteStorage, StorageService } from "./remote_storage.ts";
import { serviceName } from "./service_name.ts";

/** What stubs know of far instances, by service name. Plain data. */
export type Facts = Readonly<Record<string, unknown>>;

/** What a worker learns of an instance before its first call. */
export function factsOf<R extends RoleName>(
  role: R,
  implementation: Roles[R],
): unknown {
  switch (role) {
    case "delivery": {
      const delivery = implementation as Roles["delivery"];
      return {
        wantsSummary: delivery.wantsSummary === true,
        checksByReading: delivery.checksByReading === true,
        relays: delivery.relays === true,
      } satisfies DeliveryFacts;
    }
    case "storage": {
      const { powers } = implementation as Roles["storage"];
      return {
        powers: Object.keys(powers ?? {}) as PowerName[],
      } satisfies StorageFacts;
    }
    case "auth": {
      const { scram, bearer, external } = implementation as Roles["auth"];
      return {
        scram: scram !== undefined,
        bearer: bearer !== undefined,
        external: external !== undefined,
      } satisfies AuthFacts;
    }
    case "filter": {
      const { transforms } = implementation as Roles["filter"];
      return { transforms: transforms === true } satisfies FilterFacts;
    }
    default:
      return {};
  }
}

/** Answers for an instance; `undefined` for roles that nobody calls. */
export function makeService<R extends RoleName>(
  role: R,
  instance: string,
  implementation: Roles[R],
  log: Log,
): Service | undefined {
  const name = serviceName(role, instance);
  switch (role) {
    case "delivery":
      return new DeliveryService(implementation as Roles["delivery"], log);
    case "storage":
      return new StorageService(implementation as Roles["storage"], name);
    case "auth":
      return new AuthService(implementation as Roles["auth"]);
    case "table":
      return new TableService(implementation as Roles["table"]);
    case "admin":
      return new AdminService(implementation as Roles["admin"]);
    case "blobs":
      return new BlobsService(implementation as Roles["blobs"]);
    case "filter":
      return new FilterService(implementation as Roles["filter"], log);
    case "certificates":
      return new CertificatesService(
        implementation as Roles["certificates"],
        name,
      );
    default:
      return undefined;
  }
}

/** What stubs are made with. */
export interface StubSurroundings {
  /** The home of the instance. */
  readonly home: Link;
  /** Workers that serve its reading methods; may be empty. */
  readonly readers: readonly Link[];
  readonly shelf: BodyShelf;
  readonly facts: Facts;
  readonly receive: (name: string, service: Service) => void;
}

/** Stands for an instance of another worker. */
export function makeStub<R extends RoleName>(
  { role, instance }: Ref<R>,
  around: StubSurroundings,
): Roles[R] {
  const name = serviceName(role, instance);
  return stubs(name, around, around.facts[name] ?? {})[role]() as Roles[R];
}

function stubs(
  name: string,
  around: StubSurroundings,
  facts: unknown,
): { readonly [R in RoleName]: () => Roles[R] } {
  const { home, readers, shelf, receive } = around;
  let turn = 0;
  const reader = (): Link => {
    turn++;
    const up = readers.filter((link) => link.up);
    return up[turn % up.length] ?? home;
  };
  return {
    storage: () =>
      new RemoteStorage(
        home,
        readers,
        name,
        receive,
        (facts as StorageFacts).powers,
      ),
    auth: () => new RemoteAuth(reader, name, facts as AuthFacts),
    delivery: () =>
      new RemoteDelivery({
        home,
        reader,
        service: name,
        shelf,
        facts: facts as DeliveryFacts,
      }),
    filter: () => new RemoteFilter(home, name, shelf, facts as FilterFacts),
    table: () => new RemoteTable(home, name),
    admin: () => new RemoteAdmin(home, name),
    certificates: () => new RemoteCertificates(home, name, receive),
    blobs: () => new RemoteBlobs(home, name),
    endpoint: () => {
      throw new TypeError(`${name}: endpoints are not called`);
    },
  };
}
