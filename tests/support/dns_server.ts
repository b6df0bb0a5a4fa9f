/**
 * A DNS server on loopback, over UDP and TCP on the same port, that serves a
 * zone given as data. Configure the program with `dns 127.0.0.1:PORT`.
 */
import { createSocket, type Socket as UdpSocket } from "node:dgram";
import { createServer, type Server, type Socket } from "node:net";
import { Buffer } from "node:buffer";
import dnsPacket from "dns-packet";

/** Records of one name; keys are types. Domain names without trailing dot. */
export interface ZoneEntry {
  readonly A?: readonly string[];
  readonly AAAA?: readonly string[];
  readonly MX?: readonly (readonly [preference: number, exchange: string])[];
  readonly TXT?: readonly (string | readonly string[])[];
  readonly PTR?: readonly string[];
  readonly CNAME?: string;
  /** Answers every question for the name so instead of with records. */
  readonly fail?: "SERVFAIL" | "REFUSED" | "timeout" | "truncated";
}

/** Names in lower case without trailing dot. Other names do not exist. */
export type Zone = Record<string, ZoneEntry>;

/** Longest answer over UDP without EDNS. RFC 1035 section 4.2.1. */
const UDP_LIMIT = 512;
/** Truncation bit of the flags. */
const TC = 1 << 9;
const AUTHORITATIVE = 1 << 10;
const RECURSION_AVAILABLE = 1 << 7;
const RCODES = { NOERROR: 0, SERVFAIL: 2, NXDOMAIN: 3, REFUSED: 5 } as const;

/** A running server. */
export class DnsServer {
  /** May be changed while the server runs. */
  zone: Zone;
  /** `TYPE name` of every question, in order. */
  readonly queries: string[] = [];
  readonly #udp: UdpSocket = createSocket("udp4");
  readonly #connections = new Set<Socket>();
  readonly #tcp: Server = createServer((socket) => this.#serve(socket));
  #port = 0;

  private constructor(zone: Zone) {
    this.zone = zone;
  }

  static async start(zone: Zone): Promise<DnsServer> {
    const server = new DnsServer(zone);
    // TCP first: the kernel gives a free port, UDP takes the same number.
    const tcp = Promise.withResolvers<void>();
    server.#tcp.listen(0, "127.0.0.1", tcp.resolve);
    await tcp.promise;
    const address = server.#tcp.address();
    server.#port = typeof address === "object" && address !== null
      ? address.port
      : 0;
    const udp = Promise.withResolvers<void>();
    server.#udp.once("error", udp.reject);
    server.#udp.on("message", (bytes, peer) => {
      const answer = server.#answer(bytes, UDP_LIMIT);
      if (answer !== undefined) {
        server.#udp.send(answer, peer.port, peer.address);
      }
    });
    server.#udp.bind(server.#port, "127.0.0.1", udp.resolve);
    await udp.promise;
    return server;
  }

  get port(): number {
    return this.#port;
  }

  /** As the global directive `dns` wants it. */
  get address(): string {
    return `127.0.0.1:${this.#port}`;
  }

  async stop(): Promise<void> {
    const udp = Promise.withResolvers<void>();
    this.#udp.close(() => udp.resolve());
    for (const socket of this.#connections) socket.destroy();
    const tcp = Promise.withResolvers<void>();
    this.#tcp.close(() => tcp.resolve());
    await Promise.all([udp.promise, tcp.promise]);
  }

  /** Messages over TCP have their length before them. RFC 1035 section 4.2.2. */
  #serve(socket: Socket): void {
    this.#connections.add(socket);
    socket.on("close", () => this.#connections.delete(socket));
    socket.on("error", () => socket.destroy());
    let buffer = new Uint8Array(0);
    socket.on("data", (chunk: Uint8Array) => {
      const joined = new Uint8Array(buffer.length + chunk.length);
      joined.set(buffer);
      joined.set(chunk, buffer.length);
      buffer = joined;
      while (buffer.length >= 2) {
        const length = (buffer[0] ?? 0) * 256 + (buffer[1] ?? 0);
        if (buffer.length < 2 + length) return;
        const answer = this.#answer(buffer.slice(2, 2 + length), 65535);
        buffer = buffer.slice(2 + length);
        if (answer === undefined) continue;
        const head = Uint8Array.of(answer.length >> 8, answer.length & 255);
        socket.write(head);
        socket.write(answer);
      }
    });
  }

  #answer(bytes: Uint8Array, limit: number): Uint8Array | undefined {
    const query = dnsPacket.decode(Buffer.from(bytes));
    const question = query.questions?.[0];
    if (question === undefined) return undefined;
    const name = question.name.toLowerCase().replace(/\.$/, "");
    this.queries.push(`${question.type} ${name}`);
    const entry = this.zone[name];
    if (entry?.fail === "timeout") return undefined;
    const isCut = entry?.fail === "truncated";
    const failure = entry?.fail === "truncated" ? undefined : entry?.fail;
    const answers = failure === undefined && !isCut
      ? this.#records(question.name, question.type)
      : [];
    const rcode = failure ??
      (entry === undefined ? "NXDOMAIN" : "NOERROR");
    const packet = {
      type: "response" as const,
      id: query.id ?? 0,
      flags: AUTHORITATIVE | RECURSION_AVAILABLE | (query.flags ?? 0) & 0x100 |
        RCODES[rcode],
      questions: [question],
      answers,
      authorities: answers.length > 0 ? [] : [soa()],
    };
    const encoded = dnsPacket.encode(packet as never);
    if (encoded.length <= limit && !isCut) return encoded;
    return dnsPacket.encode(
      {
        ...packet,
        flags: packet.flags | TC,
        answers: [],
        authorities: [],
      } as never,
    );
  }

  /** Follows CNAMEs inside the zone. */
  #records(name: string, type: string): unknown[] {
    const answers: unknown[] = [];
    let current = name;
    for (let hop = 0; hop < 8; hop++) {
      const entry = this.zone[current.toLowerCase().replace(/\.$/, "")];
      if (entry?.CNAME === undefined || type === "CNAME") {
        return [...answers, ...recordsOf(current, type, entry)];
      }
      answers.push({
        name: current,
        type: "CNAME",
        ttl: 60,
        data: entry.CNAME,
      });
      current = entry.CNAME;
    }
    return answers;
  }
}

/** Answers without records carry the authority. RFC 2308 section 2.2. */
function soa(): unknown {
  return {
    name: "test",
    type: "SOA",
    ttl: 60,
    data: {
      mname: "ns.test",
      rname: "hostmaster.test",
      serial: 1,
      refresh: 60,
      retry: 60,
      expire: 60,
      minimum: 60,
    },
  };
}

function recordsOf(
  name: string,
  type: string,
  entry: ZoneEntry | undefined,
): unknown[] {
  const record = (data: unknown) => ({ name, type, ttl: 60, data });
  switch (type) {
    case "A":
    case "AAAA":
    case "PTR":
      return (entry?.[type] ?? []).map(record);
    case "MX":
      return (entry?.MX ?? []).map(([preference, exchange]) =>
        record({ preference, exchange: exchange === "" ? "." : exchange })
      );
    case "TXT":
      return (entry?.TXT ?? []).map((text) => record(text));
    case "CNAME":
      return entry?.CNAME === undefined ? [] : [record(entry.CNAME)];
    default:
      return [];
  }
}
