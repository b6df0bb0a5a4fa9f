/** DNS without a network: answers what it was given and refuses the rest. */
import { DnsError, type DnsErrorKind } from "#src/dns/resolver.ts";
import type { MxRecord, Resolver } from "#src/dns/resolver.ts";
import { reverseName } from "#src/dns/reverse_name.ts";

/** What one name has. A kind of error instead of records fails every type. */
export interface FakeName {
  readonly a?: readonly string[];
  readonly aaaa?: readonly string[];
  readonly mx?: readonly MxRecord[];
  readonly txt?: readonly (readonly string[])[];
  readonly ptr?: readonly string[];
  readonly error?: DnsErrorKind;
}

/** Records keyed by name (lower case), PTR under the address itself. */
export class FakeResolver implements Resolver {
  readonly #zone: ReadonlyMap<string, FakeName>;
  /** `type name` of every question, in order. */
  readonly queries: string[] = [];

  constructor(zone: Readonly<Record<string, FakeName>> = {}) {
    this.#zone = new Map(Object.entries(zone));
  }

  a(name: string): Promise<readonly string[]> {
    return this.#answer("a", name);
  }

  aaaa(name: string): Promise<readonly string[]> {
    return this.#answer("aaaa", name);
  }

  async mx(name: string): Promise<readonly MxRecord[]> {
    const records = await this.#answer("mx", name);
    return records.toSorted((a, b) => a.preference - b.preference);
  }

  txt(name: string): Promise<readonly (readonly string[])[]> {
    return this.#answer("txt", name);
  }

  ptr(address: string): Promise<readonly string[]> {
    const key = this.#zone.has(address) ? address : reverseName(address);
    return this.#answer("ptr", key ?? address);
  }

  // deno-lint-ignore require-await -- a refusal has to be a rejection
  async #answer<K extends Exclude<keyof FakeName, "error">>(
    type: K,
    name: string,
  ): Promise<NonNullable<FakeName[K]>> {
    this.queries.push(`${type} ${name}`);
    const entry = this.#zone.get(name.toLowerCase());
    if (entry === undefined) {
      throw new DnsError("nxdomain", `No such name: ${name}`);
    }
    if (entry.error !== undefined) {
      throw new DnsError(entry.error, `${type} ${name}: ${entry.error}`);
    }
    const records = entry[type];
    if (records === undefined || records.length === 0) {
      throw new DnsError("nodata", `No ${type} record: ${name}`);
    }
    return records as NonNullable<FakeName[K]>;
  }
}
