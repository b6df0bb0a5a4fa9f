/** The client's side of a dialogue, over a real socket. */

/** How long an answer may take before the test fails. */
const ANSWER_MS = 20_000;
const LF = 0x0a;

/** The connection ended where an answer was expected. */
export class DialogEnd extends Error {}

/** One connection. */
export class DialogClient {
  #connection: Deno.Conn;
  /** The connection while it is plain. */
  #plain: Deno.TcpConn | undefined;
  #buffer = new Uint8Array(0);
  /** Bytes that were sent. */
  sent = 0;

  private constructor(connection: Deno.Conn, plain?: Deno.TcpConn) {
    this.#connection = connection;
    this.#plain = plain;
  }

  static async connect(
    port: number,
    authority: string | undefined,
  ): Promise<DialogClient> {
    if (authority !== undefined) {
      return new DialogClient(
        await Deno.connectTls({
          hostname: "localhost",
          port,
          caCerts: [authority],
        }),
      );
    }
    const connection = await Deno.connect({ hostname: "127.0.0.1", port });
    connection.setNoDelay();
    return new DialogClient(connection, connection);
  }

  /** Begins TLS on the open connection. */
  async startTls(authority: string): Promise<void> {
    const plain = this.#plain;
    this.#plain = undefined;
    if (plain === undefined) throw new TypeError("TLS is there already");
    const secure = await Deno.startTls(plain, {
      hostname: "localhost",
      caCerts: [authority],
    });
    this.#connection = secure;
    await secure.handshake();
  }

  async write(bytes: Uint8Array): Promise<void> {
    this.sent += bytes.length;
    let at = 0;
    while (at < bytes.length) {
      at += await this.#connection.write(bytes.subarray(at));
    }
  }

  /** The next line without CRLF; a bare LF is a mistake of the server. */
  async line(): Promise<string> {
    while (true) {
      const lf = this.#buffer.indexOf(LF);
      if (lf >= 0) {
        const line = new TextDecoder().decode(this.#buffer.subarray(0, lf + 1));
        this.#buffer = this.#buffer.slice(lf + 1);
        if (!line.endsWith("\r\n")) throw new Error(`Bare LF in "${line}"`);
        return line.slice(0, -2);
      }
      if (!(await this.#fill())) {
        throw new DialogEnd("The server closed the connection");
      }
    }
  }

  /** Resolves when the server has closed; anything more is a mistake. */
  async closed(): Promise<void> {
    while (await this.#fill()) {
      // Whatever still comes is looked at below.
    }
    if (this.#buffer.length > 0) {
      const more = new TextDecoder().decode(this.#buffer);
      throw new Error(`Expected the end, got ${JSON.stringify(more)}`);
    }
  }

  close(): void {
    try {
      this.#connection.close();
    } catch {
      // Closed already.
    }
  }

  async #fill(): Promise<boolean> {
    const piece = new Uint8Array(16 * 1024);
    const { promise, reject } = Promise.withResolvers<never>();
    const timer = setTimeout(
      () => reject(new Error("No answer in time")),
      ANSWER_MS,
    );
    let count: number | null;
    try {
      count = await Promise.race([this.#connection.read(piece), promise]);
    } catch (error) {
      // A server that closes with bytes of ours unread resets the connection.
      if (error instanceof Deno.errors.ConnectionReset) return false;
      if (error instanceof Deno.errors.UnexpectedEof) return false;
      if (error instanceof Deno.errors.BrokenPipe) return false;
      throw error;
    } finally {
      clearTimeout(timer);
    }
    if (count === null) return false;
    const joined = new Uint8Array(this.#buffer.length + count);
    joined.set(this.#buffer);
    joined.set(piece.subarray(0, count), this.#buffer.length);
    this.#buffer = joined;
    return true;
  }
}
