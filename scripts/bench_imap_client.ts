/** A bare IMAP client for benchmarks: it does little, so that it measures. */

const CHUNK_BYTES = 256 * 1024;
/** Of a response no more than this is looked at for its last line. */
const TAIL_BYTES = 1_024;
/** A server that says nothing for so long is broken. */
const DEADLINE_MS = 120_000;

const encoder = new TextEncoder();
const decoder = new TextDecoder("latin1");

/** What a command gave. */
export interface Answer {
  /** The end of what the server sent, the tagged line included. */
  readonly tail: string;
  readonly bytes: number;
}

/** One connection. */
export class BenchClient {
  readonly #connection: Deno.Conn;
  readonly #chunk = new Uint8Array(CHUNK_BYTES);
  #tags = 0;

  private constructor(connection: Deno.Conn) {
    this.#connection = connection;
  }

  /** Connects and reads the greeting; `ca` makes it TLS. */
  static async connect(port: number, ca?: string): Promise<BenchClient> {
    const connection = ca === undefined
      ? await Deno.connect({ hostname: "127.0.0.1", port })
      : await Deno.connectTls({ hostname: "localhost", port, caCerts: [ca] });
    if ("setNoDelay" in connection) connection.setNoDelay();
    const client = new BenchClient(connection);
    await client.#until((tail) => tail.endsWith("\r\n"));
    return client;
  }

  /** Connects and logs in. */
  static async login(
    port: number,
    user: string,
    ca?: string,
  ): Promise<BenchClient> {
    const client = await BenchClient.connect(port, ca);
    await client.command(`LOGIN ${user} bench`);
    return client;
  }

  /** Sends a command and reads up to its tagged answer, which must be OK. */
  async command(text: string, ...more: Uint8Array[]): Promise<Answer> {
    const tag = await this.send(text, ...more);
    return await this.finish(tag);
  }

  /** Sends a command; gives its tag. */
  async send(text: string, ...more: Uint8Array[]): Promise<string> {
    const tag = `t${++this.#tags}`;
    await this.#write(encoder.encode(`${tag} ${text}`));
    for (const bytes of more) await this.#write(bytes);
    await this.#write(encoder.encode("\r\n"));
    return tag;
  }

  /** Reads up to the tagged answer. */
  async finish(tag: string): Promise<Answer> {
    const answer = await this.#until((tail) => lastLine(tail, tag));
    const line = answer.tail.slice(answer.tail.lastIndexOf(`${tag} `));
    if (!line.startsWith(`${tag} OK`)) throw new Error(line);
    return answer;
  }

  /** Begins IDLE. */
  async idle(): Promise<string> {
    const tag = await this.send("IDLE");
    await this.#until((tail) => tail.includes("+ ") && tail.endsWith("\r\n"));
    return tag;
  }

  /** Resolves when the server says something that has `word` in it. */
  async hears(word: string): Promise<void> {
    await this.#until((tail) => tail.includes(word) && tail.endsWith("\r\n"));
  }

  /** Ends IDLE. */
  async done(tag: string): Promise<void> {
    await this.#write(encoder.encode("DONE\r\n"));
    await this.finish(tag);
  }

  close(): void {
    this.#connection.close();
  }

  async #write(bytes: Uint8Array): Promise<void> {
    let written = 0;
    while (written < bytes.length) {
      written += await this.#connection.write(bytes.subarray(written));
    }
  }

  async #until(isOver: (tail: string) => boolean): Promise<Answer> {
    let tail = "";
    let bytes = 0;
    const late = setTimeout(() => this.close(), DEADLINE_MS);
    try {
      while (true) {
        const count = await this.#connection.read(this.#chunk);
        if (count === null) throw new Error("The server closed");
        bytes += count;
        const from = Math.max(0, count - TAIL_BYTES);
        const text = decoder.decode(this.#chunk.subarray(from, count));
        tail = (tail + text).slice(-TAIL_BYTES);
        if (isOver(tail)) return { tail, bytes };
      }
    } finally {
      clearTimeout(late);
    }
  }
}

/** Whether the last line is that of the tag. */
function lastLine(tail: string, tag: string): boolean {
  if (!tail.endsWith("\r\n")) return false;
  const start = tail.lastIndexOf("\r\n", tail.length - 3);
  return tail.startsWith(`${tag} `, start < 0 ? 0 : start + 2);
}
