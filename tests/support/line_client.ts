/** A client for line protocols that sends and expects exact bytes. */

/** How long one answer may take. */
const ANSWER_DEADLINE_MS = 30_000;
const LF = 0x0a;

/** One connection. Lines are given and returned without CRLF. */
export class LineClient {
  readonly #connection: Deno.Conn;
  #buffer = new Uint8Array(0);

  private constructor(connection: Deno.Conn) {
    this.#connection = connection;
  }

  static async connect(port: number): Promise<LineClient> {
    return new LineClient(await Deno.connect({ hostname: "127.0.0.1", port }));
  }

  /** Sends lines, each with CRLF. */
  async send(...lines: string[]): Promise<void> {
    await this.write(new TextEncoder().encode(`${lines.join("\r\n")}\r\n`));
  }

  /** Sends bytes as they are. */
  async write(bytes: Uint8Array): Promise<void> {
    let at = 0;
    while (at < bytes.length) {
      at += await this.#connection.write(bytes.subarray(at));
    }
  }

  /** The next line; rejects at the end of the connection. */
  async line(): Promise<string> {
    while (true) {
      const lf = this.#buffer.indexOf(LF);
      if (lf >= 0) {
        const line = this.#buffer.subarray(0, lf);
        this.#buffer = this.#buffer.slice(lf + 1);
        return new TextDecoder().decode(line).replace(/\r$/, "");
      }
      await this.#fill();
    }
  }

  /** Exactly `count` bytes. */
  async bytes(count: number): Promise<Uint8Array> {
    const parts: Uint8Array[] = [];
    let missing = count;
    while (missing > 0) {
      if (this.#buffer.length === 0) await this.#fill();
      const part = this.#buffer.slice(0, missing);
      this.#buffer = this.#buffer.slice(part.length);
      parts.push(part);
      missing -= part.length;
    }
    const all = new Uint8Array(count);
    let at = 0;
    for (const part of parts) {
      all.set(part, at);
      at += part.length;
    }
    return all;
  }

  /** Reads lines up to one that starts with `prefix`; gives them all. */
  async until(prefix: string): Promise<string[]> {
    const lines: string[] = [];
    while (true) {
      const line = await this.line();
      lines.push(line);
      if (line.startsWith(prefix)) return lines;
    }
  }

  /** The last line of an SMTP reply; throws where it has another code. */
  async reply(code: number): Promise<string> {
    while (true) {
      const line = await this.line();
      if (!line.startsWith(`${code}`)) {
        throw new Error(`Wanted ${code}: ${line}`);
      }
      if (line[3] !== "-") return line;
    }
  }

  /** Sends one SMTP command and expects its reply. */
  async smtp(command: string, code: number): Promise<string> {
    await this.send(command);
    return await this.reply(code);
  }

  /** Sends one IMAP command and reads to its tagged answer, which must be OK. */
  async imap(tag: string, command: string): Promise<string[]> {
    await this.send(`${tag} ${command}`);
    const lines = await this.until(`${tag} `);
    const last = lines.at(-1) ?? "";
    if (!last.startsWith(`${tag} OK`)) throw new Error(`${command}: ${last}`);
    return lines;
  }

  close(): void {
    try {
      this.#connection.close();
    } catch {
      // The server has closed it.
    }
  }

  [Symbol.dispose](): void {
    this.close();
  }

  async #fill(): Promise<void> {
    const chunk = new Uint8Array(65536);
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(
        () => reject(new Error("No answer in time")),
        ANSWER_DEADLINE_MS,
      );
    });
    try {
      const count = await Promise.race([this.#connection.read(chunk), late]);
      if (count === null) throw new Error("The server closed the connection");
      const joined = new Uint8Array(this.#buffer.length + count);
      joined.set(this.#buffer);
      joined.set(chunk.subarray(0, count), this.#buffer.length);
      this.#buffer = joined;
    } finally {
      clearTimeout(timer);
    }
  }
}
