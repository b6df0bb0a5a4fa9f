/** The roles of one or two methods in another worker: table, admin, certificates. */
import type { Admin } from "#src/module/roles/admin.ts";
import type {
  Certificate,
  Certificates,
} from "#src/module/roles/certificates.ts";
import type { Table } from "#src/module/roles/table.ts";
import type { Channel, Service } from "./channel.ts";
import type { Link } from "./link.ts";

/** Stands for a table of another worker. */
export class RemoteTable implements Table {
  readonly #link: Link;
  readonly #service: string;

  constructor(link: Link, service: string) {
    this.#link = link;
    this.#service = service;
  }

  lookup(key: string): Promise<readonly string[] | undefined> {
    return this.#link.call(this.#service, "lookup", [key]) as Promise<
      readonly string[] | undefined
    >;
  }
}

/** Answers the stubs of a table. */
export class TableService implements Service {
  readonly #table: Table;

  constructor(table: Table) {
    this.#table = table;
  }

  call(_method: string, args: readonly unknown[]): Promise<unknown> {
    return this.#table.lookup(String(args[0]));
  }
}

/** Stands for the commands of an instance of another worker. */
export class RemoteAdmin implements Admin {
  readonly #link: Link;
  readonly #service: string;

  constructor(link: Link, service: string) {
    this.#link = link;
    this.#service = service;
  }

  call(
    command: string,
    args: Readonly<Record<string, unknown>>,
  ): Promise<unknown> {
    return this.#link.call(this.#service, command, [args]);
  }
}

/** Answers the stubs of an instance's commands. */
export class AdminService implements Service {
  readonly #admin: Admin;

  constructor(admin: Admin) {
    this.#admin = admin;
  }

  call(method: string, args: readonly unknown[]): Promise<unknown> {
    return this.#admin.call(method, args[0] as Record<string, unknown>);
  }
}

/** Stands for certificates of another worker. */
export class RemoteCertificates implements Certificates {
  readonly #link: Link;
  readonly #service: string;
  readonly #listeners = new Set<() => void>();

  constructor(
    link: Link,
    service: string,
    receive: (name: string, service: Service) => void,
  ) {
    this.#link = link;
    this.#service = service;
    receive(`changes ${service}`, {
      call: () => undefined,
      notified: (): void => {
        for (const listener of this.#listeners) listener();
      },
    });
    link.onConnect((channel) => channel.notify(service, "watch", []));
  }

  get(serverName: string | undefined): Promise<Certificate | undefined> {
    return this.#link.call(this.#service, "get", [serverName]) as Promise<
      Certificate | undefined
    >;
  }

  onChange(listener: () => void): () => void {
    const entry = (): void => listener();
    this.#listeners.add(entry);
    return () => this.#listeners.delete(entry);
  }
}

/** Answers the stubs of certificates. */
export class CertificatesService implements Service {
  readonly #certificates: Certificates;
  readonly #service: string;
  readonly #watchers = new Set<Channel>();
  #unwatch: (() => void) | undefined;

  constructor(certificates: Certificates, service: string) {
    this.#certificates = certificates;
    this.#service = service;
  }

  call(_method: string, args: readonly unknown[]): Promise<unknown> {
    return this.#certificates.get(args[0] as string | undefined);
  }

  notified(_method: string, _args: readonly unknown[], channel: Channel): void {
    this.#watchers.add(channel);
    this.#unwatch ??= this.#certificates.onChange(() => {
      for (const watcher of this.#watchers) {
        watcher.notify(`changes ${this.#service}`, "change", []);
      }
    });
  }

  closed(channel: Channel): void {
    if (!this.#watchers.delete(channel) || this.#watchers.size > 0) return;
    this.#unwatch?.();
    this.#unwatch = undefined;
  }
}
