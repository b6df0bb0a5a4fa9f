/**
 * One question and one answer with a datagram or over a short TCP connection:
 * what DNS needs of the network.
 */
import { createSocket } from "node:dgram";
import { createConnection } from "node:net";

/** Where to ask. */
export interface Peer {
  readonly address: string;
  readonly port: number;
}

/**
 * Sends `question` from a fresh port and resolves with the first datagram from
 * that peer which `accepts`; all others are dropped. Rejects with the signal's
 * reason.
 */
export async function exchangeDatagram(
  peer: Peer,
  question: Uint8Array,
  accepts: (answer: Uint8Array) => boolean,
  signal: AbortSignal,
): Promise<Uint8Array> {
  signal.throwIfAborted();
  const socket = createSocket(peer.address.includes(":") ? "udp6" : "udp4");
  const { promise, resolve, reject } = Promise.withResolvers<Uint8Array>();
  const abort = (): void => reject(signal.reason);
  signal.addEventListener("abort", abort, { once: true });
  socket.on("error", reject);
  socket.on("message", (bytes, from) => {
    if (isFrom(from, peer) && accepts(bytes)) resolve(bytes);
  });
  try {
    await bind(socket, peer);
    socket.send(question, peer.port, peer.address, (error) => {
      if (error) reject(error);
    });
    return await promise;
  } finally {
    signal.removeEventListener("abort", abort);
    promise.catch(() => {});
    const closed = Promise.withResolvers<void>();
    socket.close(() => closed.resolve());
    await closed.promise;
  }
}

/** Anybody can send to our port; only the server that was asked may answer. */
function isFrom(from: Peer, peer: Peer): boolean {
  return from.port === peer.port &&
    plainAddress(from.address) === plainAddress(peer.address);
}

/** An IPv6 address in its shortest form, without zone. */
function plainAddress(address: string): string {
  const [plain = ""] = address.split("%");
  return plain.includes(":") ? new URL(`http://[${plain}]`).hostname : plain;
}

/** Checks the permission first: the event loop would report it to nobody. */
async function bind(
  socket: ReturnType<typeof createSocket>,
  peer: Peer,
): Promise<void> {
  const host = peer.address.includes(":") ? "[::]" : "0.0.0.0";
  const { state } = await Deno.permissions.query({
    name: "net",
    host: `${host}:0`,
  });
  if (state !== "granted") {
    throw new Deno.errors.NotCapable(`No permission for UDP on ${host}:0`);
  }
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  socket.once("error", reject);
  socket.bind(0, host === "[::]" ? "::" : host, resolve);
  await promise;
}

/**
 * Sends `question` with its length before it and resolves with the answer,
 * which has its length before it too. RFC 1035 section 4.2.2.
 */
export async function exchangeStream(
  peer: Peer,
  question: Uint8Array,
  signal: AbortSignal,
): Promise<Uint8Array> {
  signal.throwIfAborted();
  const socket = createConnection({ host: peer.address, port: peer.port });
  const { promise, resolve, reject } = Promise.withResolvers<Uint8Array>();
  const abort = (): void => reject(signal.reason);
  signal.addEventListener("abort", abort, { once: true });
  const closed = Promise.withResolvers<void>();
  // An answer has two bytes of length, so the buffer cannot pass 64 KiB.
  const answer = new Uint8Array(2 + 65535);
  let received = 0;
  socket.on("error", reject);
  socket.on("close", () => {
    reject(new Error("The name server closed the connection"));
    closed.resolve();
  });
  socket.on("data", (chunk: Uint8Array) => {
    const part = chunk.subarray(0, answer.length - received);
    answer.set(part, received);
    received += part.length;
    if (received < 2) return;
    const length = (answer[0] ?? 0) * 256 + (answer[1] ?? 0);
    if (received >= 2 + length) resolve(answer.slice(2, 2 + length));
  });
  socket.on("connect", () => {
    const framed = new Uint8Array(2 + question.length);
    framed[0] = question.length >> 8;
    framed[1] = question.length & 255;
    framed.set(question, 2);
    socket.write(framed);
  });
  try {
    return await promise;
  } finally {
    signal.removeEventListener("abort", abort);
    promise.catch(() => {});
    socket.destroy();
    await closed.promise;
  }
}
