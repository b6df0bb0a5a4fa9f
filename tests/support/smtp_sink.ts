/**
 * A mail server to send to: `npm:smtp-server` on loopback, and a scripted one
 * for what no honest server does.
 */
import { Buffer } from "node:buffer";
import { createServer, type Socket } from "node:net";
import {
  SMTPServer,
  type SMTPServerOptions,
  type SMTPServerSession,
} from "smtp-server";

/** One message that arrived. */
export interface SunkMessage {
  readonly from: string;
  readonly to: readonly string[];
  readonly text: string;
  readonly secure: boolean;
  /** Parameters of MAIL. */
  readonly mailArgs: unknown;
  /** Connection over which it came. */
  readonly session: string;
}

/** Refuses a recipient: `[code, text]`. */
export type Refuse = (address: string) => readonly [number, string] | undefined;

/** A server that takes everything. */
export class SmtpSink {
  readonly messages: SunkMessage[] = [];
  refuse: Refuse = () => undefined;
  /** Answer to the message itself. */
  refuseData: () => readonly [number, string] | undefined = () => undefined;
  connections = 0;
  open = 0;
  peakOpen = 0;
  readonly #server: SMTPServer;
  #port = 0;

  private constructor(options: SMTPServerOptions) {
    this.#server = new SMTPServer({
      authOptional: true,
      disabledCommands: ["AUTH"],
      logger: false,
      closeTimeout: 100,
      onConnect: (_session, done) => {
        this.connections++;
        this.open++;
        this.peakOpen = Math.max(this.peakOpen, this.open);
        done();
      },
      onClose: () => {
        this.open--;
      },
      onRcptTo: (address, _session, done) => {
        done(failure(this.refuse(address.address)));
      },
      onData: (stream, session, done) => {
        const chunks: Uint8Array[] = [];
        stream.on("data", (chunk: Uint8Array) => chunks.push(chunk));
        stream.on("end", () => {
          this.#keep(session, Buffer.concat(chunks).toString("latin1"));
          done(failure(this.refuseData()));
        });
      },
      ...options,
    });
    // Clients that break off are part of the tests.
    this.#server.on("error", () => {});
  }

  static async start(options: SMTPServerOptions = {}): Promise<SmtpSink> {
    const sink = new SmtpSink(options);
    const { promise, resolve } = Promise.withResolvers<void>();
    const server = sink.#server.listen(0, "127.0.0.1", resolve);
    await promise;
    const address = server.address();
    sink.#port = typeof address === "object" && address !== null
      ? address.port
      : 0;
    return sink;
  }

  get port(): number {
    return this.#port;
  }

  async stop(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#server.close(() => resolve());
    await promise;
  }

  #keep(session: SMTPServerSession, text: string): void {
    const { mailFrom, rcptTo } = session.envelope;
    this.messages.push({
      from: mailFrom === false ? "" : mailFrom.address,
      to: rcptTo.map((recipient) => recipient.address),
      text,
      secure: session.secure,
      mailArgs: mailFrom === false ? undefined : mailFrom.args,
      session: session.id,
    });
  }
}

function failure(answer: readonly [number, string] | undefined): Error | null {
  if (answer === undefined) return null;
  const [responseCode, message] = answer;
  return Object.assign(new Error(message), { responseCode });
}

/** What a scripted server does after a line: text to send, `null` to close. */
export type Script = (
  line: string,
  socket: Socket,
) => string | null | undefined;

/** A server that does what the script says with each connection. */
export class ScriptedServer {
  /** Lines received, over all connections. */
  readonly lines: string[] = [];
  readonly #sockets = new Set<Socket>();
  readonly #server: ReturnType<typeof createServer>;
  #port = 0;

  private constructor(greeting: string, script: Script) {
    this.#server = createServer((socket) => {
      this.#sockets.add(socket);
      socket.on("close", () => this.#sockets.delete(socket));
      socket.on("error", () => socket.destroy());
      if (greeting !== "") socket.write(greeting);
      let buffer = "";
      socket.on("data", (chunk: Uint8Array) => {
        const parts = (buffer + new TextDecoder().decode(chunk)).split("\r\n");
        buffer = parts.pop() ?? "";
        for (const line of parts) {
          this.lines.push(line);
          const text = script(line, socket);
          if (text === null) socket.destroy();
          else if (text !== undefined) socket.write(text);
        }
      });
    });
  }

  /** `greeting` is sent at once; `script` decides what follows each line. */
  static async start(
    greeting: string,
    script: Script,
  ): Promise<ScriptedServer> {
    const scripted = new ScriptedServer(greeting, script);
    const { promise, resolve } = Promise.withResolvers<void>();
    scripted.#server.listen(0, "127.0.0.1", resolve);
    await promise;
    const address = scripted.#server.address();
    scripted.#port = typeof address === "object" && address !== null
      ? address.port
      : 0;
    return scripted;
  }

  get port(): number {
    return this.#port;
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#server.close(() => resolve());
    await promise;
  }
}
