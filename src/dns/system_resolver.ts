/**
 * Asks the name servers of the machine or of the configuration: a stub
 * resolver over UDP with TCP for long answers. RFC 1035, RFC 6891 (EDNS).
 *
 * `Deno.resolveDns` is not used: it reports NXDOMAIN, NODATA, SERVFAIL and
 * REFUSED all as `NotFound`, and a mail server that takes a failing name
 * server for a missing domain returns mail that it should try again.
 */
import { Buffer } from "node:buffer";
import dnsPacket from "dns-packet";
import { SYSTEM_CLOCK } from "#src/clock/clock.ts";
import { DeadlineError, withDeadline } from "#src/async/deadline.ts";
import { exchangeDatagram, exchangeStream } from "#src/net/exchange.ts";
import { type NameServer, nameServers } from "./name_servers.ts";
import { DnsError, type MxRecord, type Resolver } from "./resolver.ts";
import { reverseName } from "./reverse_name.ts";

/** How to ask. */
export interface SystemResolverOptions {
  /** Asked in this order. Default: those of the machine. */
  readonly servers?: readonly NameServer[];
  /** Wait for one answer of one server. */
  readonly timeoutMs?: number;
  /** Rounds over all servers. */
  readonly rounds?: number;
}

/** As the C library: 2 rounds; 3 s are more than a slow recursion takes. */
const TIMEOUT_MS = 3_000;
const ROUNDS = 2;
/** What fits into a datagram everywhere. DNS Flag Day 2020. */
const UDP_PAYLOAD = 1232;
/** CNAMEs followed inside one answer. */
const MAX_CHAIN = 12;
/** Records of one answer that are used; more is no mail domain. */
const MAX_RECORDS = 256;
/** RFC 1035 section 2.3.4. */
const MAX_NAME = 253;

type RecordType = "A" | "AAAA" | "MX" | "TXT" | "PTR";

/** A record as `dns-packet` gives it. */
interface RawRecord {
  readonly name: string;
  readonly type: string;
  readonly data: unknown;
}

/** A decoded response. */
interface Response {
  readonly rcode: string;
  readonly truncated: boolean;
  readonly records: readonly RawRecord[];
}

/** DNS as the machine has it. */
export class SystemResolver implements Resolver {
  readonly #options: SystemResolverOptions;
  #servers: readonly NameServer[] | undefined;

  constructor(options: SystemResolverOptions = {}) {
    this.#options = options;
    this.#servers = options.servers;
  }

  async a(name: string, signal?: AbortSignal): Promise<readonly string[]> {
    return strings(await this.#ask(name, "A", signal));
  }

  async aaaa(name: string, signal?: AbortSignal): Promise<readonly string[]> {
    return strings(await this.#ask(name, "AAAA", signal));
  }

  async mx(name: string, signal?: AbortSignal): Promise<readonly MxRecord[]> {
    const records = await this.#ask(name, "MX", signal);
    return records
      .map((data) => {
        const { preference, exchange } = data as MxRecord;
        return { preference: preference ?? 0, exchange: plainName(exchange) };
      })
      .toSorted((a, b) => a.preference - b.preference);
  }

  async txt(
    name: string,
    signal?: AbortSignal,
  ): Promise<readonly (readonly string[])[]> {
    const records = await this.#ask(name, "TXT", signal);
    return records.map((data) =>
      (Array.isArray(data) ? data : [data]).map(latin1)
    );
  }

  async ptr(
    address: string,
    signal?: AbortSignal,
  ): Promise<readonly string[]> {
    const name = reverseName(address);
    if (name === undefined) {
      throw new DnsError("nxdomain", `No address: ${address}`);
    }
    const records = await this.#ask(name, "PTR", signal);
    return strings(records).map((text) => plainName(text).toLowerCase());
  }

  /** The data of all records of that type; at least one. */
  async #ask(
    name: string,
    type: RecordType,
    signal: AbortSignal | undefined,
  ): Promise<readonly unknown[]> {
    if (!isAskable(name)) {
      throw new DnsError("nxdomain", `No such name can be: ${name}`);
    }
    const response = await this.#response(name, type, signal);
    if (response.rcode === "NXDOMAIN") {
      throw new DnsError("nxdomain", `No such name: ${name}`);
    }
    const data = answersFor(name, type, response.records);
    if (data.length === 0) {
      throw new DnsError("nodata", `No ${type} record: ${name}`);
    }
    return data;
  }

  /** Asks each server in turn until one knows (NOERROR or NXDOMAIN). */
  async #response(
    name: string,
    type: RecordType,
    signal: AbortSignal | undefined,
  ): Promise<Response> {
    this.#servers ??= nameServers(undefined);
    let last = new DnsError("servfail", `${type} ${name}: no name server`);
    for (let round = 0; round < (this.#options.rounds ?? ROUNDS); round++) {
      for (const server of this.#servers) {
        signal?.throwIfAborted();
        try {
          const response = await askServer(
            server,
            name,
            type,
            this.#options.timeoutMs ?? TIMEOUT_MS,
            signal,
          );
          if (response.rcode === "NOERROR" || response.rcode === "NXDOMAIN") {
            return response;
          }
          last = new DnsError(
            "servfail",
            `${type} ${name}: ${response.rcode} from ${server.address}`,
          );
        } catch (error) {
          signal?.throwIfAborted();
          const kind = error instanceof DeadlineError ? "timeout" : "servfail";
          last = new DnsError(
            kind,
            `${type} ${name}: no answer from ${server.address}`,
            { cause: error },
          );
        }
      }
    }
    throw last;
  }
}

/** One question to one server, over TCP where UDP is not enough. */
async function askServer(
  server: NameServer,
  name: string,
  type: RecordType,
  timeoutMs: number,
  outer: AbortSignal | undefined,
): Promise<Response> {
  const id = crypto.getRandomValues(new Uint16Array(1))[0] ?? 0;
  const question = encodeQuestion(id, name, type);
  const decode = (bytes: Uint8Array): Response | undefined =>
    decodeResponse(bytes, id, name, type);
  return await withDeadline("DNS", timeoutMs, async (signal) => {
    let bytes: Uint8Array;
    try {
      bytes = await exchange(
        server,
        question,
        (answer) => decode(answer) !== undefined,
        signal,
      );
    } catch (error) {
      // A worker without UDP can still ask over TCP.
      if (!(error instanceof Deno.errors.NotCapable)) throw error;
      bytes = await exchangeStream(server, question, signal);
    }
    let response = decode(bytes);
    if (response === undefined || response.truncated) {
      response = decode(await exchangeStream(server, question, signal));
    }
    if (response === undefined) {
      throw new Error("Not an answer to our question");
    }
    // Whoever cuts off over TCP too would make records seem not to exist.
    if (response.truncated) throw new Error("The answer is cut off");
    return response;
  }, outer);
}

/** How long a server on this machine gets before it is looked whether it lives. */
const LOOPBACK_PATIENCE_MS = 150;

/**
 * Over UDP. The platform does not report that nobody listens on a port, so a
 * server on this machine that stays silent is also asked over TCP, where a
 * dead one refuses at once instead of costing the whole deadline.
 */
async function exchange(
  server: NameServer,
  question: Uint8Array,
  accepts: (answer: Uint8Array) => boolean,
  outer: AbortSignal,
): Promise<Uint8Array> {
  const isLoopback = server.address.startsWith("127.") ||
    server.address === "::1";
  if (!isLoopback) {
    return await exchangeDatagram(server, question, accepts, outer);
  }
  const over = new AbortController();
  const signal = AbortSignal.any([outer, over.signal]);
  const udp = exchangeDatagram(server, question, accepts, signal);
  const tcp = SYSTEM_CLOCK.sleep(LOOPBACK_PATIENCE_MS, signal)
    .then(() => exchangeStream(server, question, signal));
  try {
    return await Promise.race([udp, tcp]);
  } finally {
    over.abort();
    await Promise.allSettled([udp, tcp]);
  }
}

function encodeQuestion(
  id: number,
  name: string,
  type: RecordType,
): Uint8Array {
  return dnsPacket.encode({
    type: "query",
    id,
    flags: dnsPacket.RECURSION_DESIRED,
    questions: [{ name, type }],
    additionals: [{
      name: ".",
      type: "OPT",
      udpPayloadSize: UDP_PAYLOAD,
      flags: 0,
      options: [],
    } as never],
  });
}

/** The response, or `undefined` where the bytes answer another question. */
function decodeResponse(
  bytes: Uint8Array,
  id: number,
  name: string,
  type: RecordType,
): Response | undefined {
  try {
    const packet = dnsPacket.decode(
      Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength),
    ) as ReturnType<typeof dnsPacket.decode> & {
      readonly rcode?: string;
      readonly flag_tc?: boolean;
    };
    const question = packet.questions?.[0];
    if (packet.type !== "response" || packet.id !== id) return undefined;
    if (question === undefined || question.type !== type) return undefined;
    if (!sameName(question.name, name)) return undefined;
    return {
      rcode: packet.rcode ?? "SERVFAIL",
      truncated: packet.flag_tc === true,
      records: (packet.answers ?? []) as unknown as readonly RawRecord[],
    };
  } catch {
    // Bytes that are no DNS message answer nothing.
    return undefined;
  }
}

/** Data of the records at the end of the chain of CNAMEs. */
function answersFor(
  name: string,
  type: RecordType,
  records: readonly RawRecord[],
): readonly unknown[] {
  let current = name;
  for (let hop = 0; hop < MAX_CHAIN; hop++) {
    const owner = current;
    const found = records.filter((record) =>
      record.type === type && sameName(record.name, owner)
    );
    if (found.length > 0) {
      return found.slice(0, MAX_RECORDS).map((record) => record.data);
    }
    const alias = records.find((record) =>
      record.type === "CNAME" && sameName(record.name, owner)
    );
    if (typeof alias?.data !== "string") return [];
    current = alias.data;
  }
  return [];
}

function sameName(left: string, right: string): boolean {
  return plainName(left).toLowerCase() === plainName(right).toLowerCase();
}

/** Without the trailing dot; the root becomes empty. */
function plainName(name: string | undefined): string {
  return (name ?? "").replace(/\.$/, "");
}

/** Whether the name can stand in a question. RFC 1035 section 2.3.4. */
function isAskable(name: string): boolean {
  if (name.length === 0 || name.length > MAX_NAME) return false;
  return plainName(name).split(".").every((label) =>
    /^[\x21-\x7e]{1,63}$/.test(label)
  );
}

function strings(data: readonly unknown[]): readonly string[] {
  return data.filter((item) => typeof item === "string");
}

/** Character strings are bytes; each becomes one character. */
function latin1(data: unknown): string {
  if (typeof data === "string") return data;
  if (!(data instanceof Uint8Array)) return "";
  let text = "";
  for (const byte of data) text += String.fromCharCode(byte);
  return text;
}
