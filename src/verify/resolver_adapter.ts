/**
 * Our resolver in the shape that `mailauth` asks for (`dns.promises.resolve`),
 * so that no lookup goes another way.
 */
import { DnsError, type Resolver } from "#src/dns/resolver.ts";

/** `resolve(name, type)` with the codes of `node:dns` in its errors. */
export type NodeResolve = (name: string, type?: string) => Promise<unknown[]>;

/** What `node:dns` calls a lookup without an answer. */
const CODES = {
  nxdomain: "ENOTFOUND",
  nodata: "ENODATA",
  timeout: "ETIMEOUT",
  servfail: "ESERVFAIL",
  bogus: "ESERVFAIL",
} as const;

/** Adapts the resolver; `signal` ends all lookups. */
export function adaptResolver(
  resolver: Resolver,
  signal?: AbortSignal,
): NodeResolve {
  return async (name, type = "A") => {
    const plain = name.replace(/\.$/, "");
    try {
      return [...await lookUp(resolver, plain, type, signal)];
    } catch (error) {
      if (!(error instanceof DnsError)) throw error;
      throw Object.assign(new Error(error.message), {
        code: CODES[error.kind],
      });
    }
  };
}

async function lookUp(
  resolver: Resolver,
  name: string,
  type: string,
  signal: AbortSignal | undefined,
): Promise<readonly unknown[]> {
  switch (type) {
    case "A":
      return await resolver.a(name, signal);
    case "AAAA":
      return await resolver.aaaa(name, signal);
    case "TXT":
      return (await resolver.txt(name, signal)).map((record) => [...record]);
    case "MX": {
      const records = await resolver.mx(name, signal);
      return records.map(({ preference, exchange }) => ({
        priority: preference,
        exchange,
      }));
    }
    case "PTR": {
      const address = addressOfReverseName(name);
      if (address !== undefined) return await resolver.ptr(address, signal);
    }
  }
  // An alias is followed by the resolver; its existence is not asked for.
  throw new DnsError("nodata", `No lookup of type ${type}`);
}

/** The address of `7.2.0.192.in-addr.arpa` or a name under `ip6.arpa`. */
export function addressOfReverseName(name: string): string | undefined {
  const lower = name.toLowerCase();
  const four = /^((?:[0-9]{1,3}\.){4})in-addr\.arpa$/.exec(lower)?.[1];
  if (four !== undefined) {
    return four.slice(0, -1).split(".").reverse().join(".");
  }
  const six = /^((?:[0-9a-f]\.){32})ip6\.arpa$/.exec(lower)?.[1];
  if (six === undefined) return undefined;
  const digits = six.replaceAll(".", "").split("").reverse().join("");
  return digits.match(/.{4}/g)?.join(":");
}
