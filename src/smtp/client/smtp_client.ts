/**
 * SMTP and LMTP client for one connection: `npm:nodemailer`'s connection with
 * what relaying needs besides: parameters for each recipient (RFC 3461),
 * SMTPUTF8 for header fields, results for each recipient, deadlines.
 *
 * `_sendCommand` of nodemailer is the one internal method that is extended: it
 * sees every command before it is sent. Connecting is done by `src/net`.
 */
import { Buffer } from "node:buffer";
import type { Socket } from "node:net";
import { Readable } from "node:stream";
import SMTPConnection from "nodemailer/lib/smtp-connection";
import { DeadlineError, withDeadline } from "#src/async/deadline.ts";
import { UnavailableError } from "#src/errors/errors.ts";
import { SmtpError } from "#src/smtp/reply.ts";
import { errorOfReply } from "./peer_reply.ts";

/** How the connection is made secret. */
export type ClientTls =
  /** Never. */
  | "off"
  /** STARTTLS where it is offered, whatever the certificate. */
  | "opportunistic"
  /** STARTTLS or nothing, whatever the certificate. */
  | "required"
  /** STARTTLS with a certificate for the host, or nothing. */
  | "verified"
  /** TLS from the first byte, with a certificate for the host. */
  | "implicit";

/** How to speak with a server. */
export interface ClientOptions {
  /** Connected; the client owns it from now on. */
  readonly socket: Socket;
  /** Name of the server, for TLS, reports and logs. */
  readonly host: string;
  /** Our name in EHLO. */
  readonly name: string;
  readonly tls: ClientTls;
  readonly lmtp?: boolean;
  /** Wait for the greeting and each answer. RFC 5321 section 4.5.3.2. */
  readonly commandTimeoutMs: number;
  /** Wait for the answer after the data. */
  readonly dataTimeoutMs: number;
}

/** One recipient of a transaction. */
export interface ClientRecipient {
  /** Different from those of the others. */
  readonly address: string;
  readonly notify?: readonly string[];
  /** `type;address`, not encoded. */
  readonly orcpt?: string;
}

/** One message to send. */
export interface ClientMessage {
  readonly mailFrom: string;
  readonly recipients: readonly ClientRecipient[];
  /** Bytes of header and body. */
  readonly size: number;
  readonly eightBit: boolean;
  /** Addresses or header need SMTPUTF8. */
  readonly smtpUtf8: boolean;
  readonly requireTls: boolean;
  readonly ret?: "FULL" | "HDRS";
  readonly envid?: string;
  /** Header and body, without dot-stuffing. Opened once. */
  open(): AsyncIterable<Uint8Array>;
}

/** What became of one recipient. */
export type ClientOutcome =
  | { readonly ok: true; readonly dsnPassedOn: boolean }
  | { readonly ok: false; readonly error: SmtpError };

/** The connection failed: nothing is known of the recipients. */
export class ClientError extends UnavailableError {
  /** The TLS handshake is what failed. */
  readonly isTls: boolean;
  /** Bytes of the message may have been taken. */
  readonly dataBegan: boolean;

  constructor(
    message: string,
    facts: { readonly isTls?: boolean; readonly dataBegan?: boolean },
    cause: unknown,
  ) {
    super(message, { cause });
    this.isTls = facts.isTls ?? false;
    this.dataBegan = facts.dataBegan ?? false;
  }
}

/** Bytes of one reply: far above any real one. RFC 5321 section 4.5.3.1.5. */
const MAX_REPLY = 64 * 1024;
/** A peer that takes the data more slowly than this is given up. Bytes/s. */
const MIN_RATE = 500;

/** What nodemailer reports. */
interface PeerError extends Error {
  readonly code?: string | undefined;
  readonly response?: string | undefined;
  readonly command?: string | undefined;
  readonly recipient?: string | undefined;
}

/** The parts of nodemailer that its types do not tell. */
interface Internals {
  _sendCommand(this: unknown, line: string, logLine?: string): void;
}

const BASE = SMTPConnection.prototype as unknown as Internals;

/** nodemailer's connection with our parameters. */
class Connection extends SMTPConnection {
  /** What is added to MAIL. */
  mailSuffix = "";
  /** What is added to RCPT, by address. */
  rcptSuffixes: ReadonlyMap<string, string> = new Map();
  dataTimeoutMs = 0;
  extensions: ReadonlySet<string> = new Set();
  maxSize = 0;

  _sendCommand(line: string, logLine?: string): void {
    let full = line;
    if (line.startsWith("MAIL FROM:")) full += this.mailSuffix;
    const to = /^RCPT TO:<(.*)>/.exec(line)?.[1];
    if (to !== undefined) full += this.rcptSuffixes.get(to) ?? "";
    if (line === "DATA" && this._socket) {
      this._socket.setTimeout(this.dataTimeoutMs);
    }
    BASE._sendCommand.call(this, full, logLine);
  }

  /** Sees the EHLO answer: keywords that nodemailer does not look for. */
  _parseEhloExtensions(answer: string): void {
    const words = new Set<string>();
    for (const line of answer.split("\n").slice(1)) {
      const [keyword = "", value = ""] = line.slice(4).trim().split(/[ \t]+/);
      words.add(keyword.toUpperCase());
      if (keyword.toUpperCase() === "SIZE" && /^[0-9]{1,15}$/.test(value)) {
        this.maxSize = Number.parseInt(value, 10);
      }
    }
    this.extensions = words;
    PARSE_EHLO.call(this, answer);
  }
}

const PARSE_EHLO = Reflect.get(
  SMTPConnection.prototype,
  "_parseEhloExtensions",
) as (this: unknown, answer: string) => void;

/** One connection to a server. Used by one caller, one call at a time. */
export class SmtpClient {
  readonly #connection: Connection;
  readonly #options: ClientOptions;
  #failure: PeerError | undefined;
  #isClosed = false;
  #onClose: (() => void) | undefined;

  private constructor(options: ClientOptions) {
    const { socket, host, name, tls, lmtp, commandTimeoutMs } = options;
    this.#options = options;
    const isVerified = tls === "verified" || tls === "implicit";
    this.#connection = new Connection({
      connection: socket,
      host,
      port: socket.remotePort,
      name,
      lmtp: lmtp === true,
      secure: tls === "implicit",
      ignoreTLS: tls === "off",
      requireTLS: tls === "required" || tls === "verified",
      opportunisticTLS: tls === "opportunistic",
      tls: { rejectUnauthorized: isVerified, minVersion: "TLSv1.2" },
      connectionTimeout: commandTimeoutMs,
      greetingTimeout: commandTimeoutMs,
      socketTimeout: commandTimeoutMs,
      socketCloseTimeout: 1_000,
      maxResponseSize: MAX_REPLY,
      logger: false,
    });
    this.#connection.dataTimeoutMs = options.dataTimeoutMs;
    this.#connection.on("error", (error: PeerError) => {
      this.#failure ??= error;
    });
    this.#connection.on("end", () => {
      this.#isClosed = true;
      this.#onClose?.();
    });
  }

  /**
   * Reads the greeting, says EHLO and starts TLS as the options say. Rejects
   * with `ClientError`, or with `SmtpError` where the server refused us.
   */
  static async open(
    options: ClientOptions,
    signal: AbortSignal,
  ): Promise<SmtpClient> {
    const client = new SmtpClient(options);
    const connection = client.#connection;
    const deadline = options.commandTimeoutMs * 2;
    try {
      await client.#guard("greeting", deadline, signal, (done) => {
        connection.connect((error) => done(error));
      });
    } catch (error) {
      client.close();
      throw error;
    }
    return client;
  }

  /** Whether another message can be sent. */
  get isOpen(): boolean {
    return !this.#isClosed && !this.#connection.destroyed;
  }

  /** The connection is encrypted. */
  get isSecure(): boolean {
    return this.#connection.secure;
  }

  /** Called once when the connection ends. */
  set onClose(listener: (() => void) | undefined) {
    this.#onClose = listener;
  }

  /** Whether the server announced the keyword (upper case). */
  has(keyword: string): boolean {
    return this.#connection.extensions.has(keyword);
  }

  /** Logs in; rejects with `SmtpError` where the server refuses. */
  async login(
    user: string,
    password: string,
    signal: AbortSignal,
  ): Promise<void> {
    const deadline = this.#options.commandTimeoutMs * 2;
    await this.#guard("AUTH", deadline, signal, (done) => {
      this.#connection.login({ user, pass: password }, (error) => done(error));
    });
  }

  /**
   * Sends one message; one outcome a recipient, in order. Rejects with
   * `ClientError` where the connection broke. The message is refused here
   * where the server lacks what it needs.
   */
  async send(
    message: ClientMessage,
    signal: AbortSignal,
  ): Promise<readonly ClientOutcome[]> {
    const refusal = this.#unfit(message);
    if (refusal !== undefined) {
      return message.recipients.map(() => ({ ok: false, error: refusal }));
    }
    this.#setParameters(message);
    let dataBegan = false;
    const chunks = async function* (): AsyncGenerator<Buffer> {
      dataBegan = true;
      for await (const chunk of message.open()) {
        yield Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
      }
    };
    const stream = Readable.from(chunks(), { objectMode: false });
    const envelope = {
      from: message.mailFrom,
      to: message.recipients.map((recipient) => recipient.address),
      size: message.size,
      use8BitMime: message.eightBit,
      requireTLSExtensionEnabled: message.requireTls,
      // nodemailer notes the refused recipients here, also when it fails later.
      rejectedErrors: [] as PeerError[],
    };
    const { commandTimeoutMs, dataTimeoutMs } = this.#options;
    const deadline = commandTimeoutMs * 3 + dataTimeoutMs +
      message.size / MIN_RATE * 1_000;
    try {
      await this.#guard(
        "mail transaction",
        deadline,
        signal,
        (done) =>
          this.#connection.send(envelope, stream, (error) => done(error)),
      );
      return this.#outcomes(message, envelope.rejectedErrors, undefined);
    } catch (error) {
      if (error instanceof SmtpError) {
        return this.#outcomes(message, envelope.rejectedErrors, error);
      }
      if (error instanceof ClientError) {
        throw new ClientError(error.message, { dataBegan }, error);
      }
      throw error;
    } finally {
      stream.destroy();
    }
  }

  /** Ends a transaction that failed, so that another can begin. */
  async reset(signal: AbortSignal): Promise<void> {
    const { commandTimeoutMs } = this.#options;
    await this.#guard("RSET", commandTimeoutMs, signal, (done) => {
      this.#connection.reset((error) => done(error));
    });
  }

  /** Says goodbye; does not wait for the answer. */
  quit(): void {
    if (!this.isOpen) return;
    this.#connection.quit();
    this.#connection.close();
  }

  /** Ends the connection at once. */
  close(): void {
    this.#connection.close();
  }

  /** Why this server cannot take the message, before anything is sent. */
  #unfit(message: ClientMessage): SmtpError | undefined {
    const fields = { fields: { host: this.#options.host } };
    if (message.smtpUtf8 && !this.has("SMTPUTF8")) {
      return new SmtpError(
        550,
        "6.7",
        "The next host does not take international addresses",
        fields,
      );
    }
    const { maxSize } = this.#connection;
    if (maxSize > 0 && message.size > maxSize) {
      return new SmtpError(
        552,
        "3.4",
        `The next host takes at most ${maxSize} bytes`,
        fields,
      );
    }
    if (message.requireTls && (!this.isSecure || !this.has("REQUIRETLS"))) {
      return new SmtpError(
        550,
        "7.30",
        "The next host does not support REQUIRETLS",
        fields,
      );
    }
    return undefined;
  }

  /** RFC 3461 section 4, RFC 6531 section 3.4. */
  #setParameters(message: ClientMessage): void {
    const connection = this.#connection;
    const hasDsn = this.has("DSN");
    const mail: string[] = [];
    // nodemailer adds the word by itself where the addresses need it.
    const isAscii = [
      message.mailFrom,
      ...message.recipients.map((r) => r.address),
    ]
      .every((address) => /^[\x20-\x7e]*$/.test(address));
    if (message.smtpUtf8 && isAscii) mail.push("SMTPUTF8");
    if (hasDsn && message.ret !== undefined) mail.push(`RET=${message.ret}`);
    if (hasDsn && message.envid !== undefined) {
      mail.push(`ENVID=${formatXtext(message.envid)}`);
    }
    connection.mailSuffix = mail.map((word) => ` ${word}`).join("");
    const suffixes = new Map<string, string>();
    for (const { address, notify, orcpt } of message.recipients) {
      const words: string[] = [];
      if (hasDsn && notify !== undefined) words.push(`NOTIFY=${notify.join()}`);
      const [type, original] = splitOrcpt(orcpt);
      if (hasDsn && original !== undefined) {
        words.push(`ORCPT=${type};${formatXtext(original)}`);
      }
      suffixes.set(address, words.map((word) => ` ${word}`).join(""));
    }
    connection.rcptSuffixes = suffixes;
  }

  #outcomes(
    message: ClientMessage,
    rejected: readonly PeerError[],
    failure: SmtpError | undefined,
  ): readonly ClientOutcome[] {
    const { host } = this.#options;
    const refused = new Map<string, SmtpError>();
    for (const { recipient, response } of rejected) {
      if (recipient === undefined) continue;
      refused.set(recipient, errorOfReply(response ?? "", host));
    }
    const dsnPassedOn = this.has("DSN");
    return message.recipients.map(({ address }): ClientOutcome => {
      const error = refused.get(address) ?? failure;
      return error === undefined
        ? { ok: true, dsnPassedOn }
        : { ok: false, error };
    });
  }

  /**
   * Runs one step of nodemailer: its callback, an error of the connection, the
   * deadline or the signal end it, whatever comes first.
   */
  async #guard(
    what: string,
    timeoutMs: number,
    outer: AbortSignal,
    begin: (done: (error?: PeerError | null) => void) => void,
  ): Promise<void> {
    const { host } = this.#options;
    const connection = this.#connection;
    let onError: ((error: PeerError) => void) | undefined;
    let onEnd: (() => void) | undefined;
    try {
      await withDeadline(what, timeoutMs, (signal) => {
        const { promise, resolve, reject } = Promise.withResolvers<void>();
        signal.addEventListener("abort", () => reject(signal.reason));
        onError = reject;
        onEnd = () => reject(new Error("The connection was closed"));
        connection.on("error", onError);
        connection.on("end", onEnd);
        begin((error) => error ? reject(error) : resolve());
        return promise;
      }, outer);
    } catch (error) {
      const isTls = connection.upgrading === true;
      const peer = error as PeerError;
      if (outer.aborted || error instanceof DeadlineError) connection.close();
      outer.throwIfAborted();
      const isStartTls = peer.command === "STARTTLS";
      if (!isStartTls && /^[45]/.test(peer.response ?? "")) {
        throw errorOfReply(peer.response ?? "", host);
      }
      if (peer.code === "EENVELOPE") {
        throw new SmtpError(553, "1.3", "Address cannot be sent over SMTP");
      }
      const reason = error instanceof Error ? error.message : String(error);
      throw new ClientError(
        `${host}: ${what}: ${reason.slice(0, 300)}`,
        { isTls: isTls || isStartTls || peer.code === "ETLS" },
        error,
      );
    } finally {
      if (onError !== undefined) connection.removeListener("error", onError);
      if (onEnd !== undefined) connection.removeListener("end", onEnd);
    }
  }
}

/** RFC 3461 section 4: what is not printable, `+` and `=` become `+XX`. */
function formatXtext(text: string): string {
  return text.replace(
    /[^\x21-\x7e]|[+=]/g,
    (char) =>
      `+${char.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0")}`,
  );
}

/** Type and address; an international one cannot be written as xtext. */
function splitOrcpt(
  orcpt: string | undefined,
): readonly [string, string | undefined] {
  const match = /^([A-Za-z0-9-]{1,40});([\x20-\x7e]{1,400})$/.exec(orcpt ?? "");
  return [match?.[1] ?? "", match?.[2]];
}
