/**
 * One connection: what `smtp-server` does well (the life of the socket, the
 * change to TLS, the half-closed end) with our own input, dialogue, replies and
 * deadlines in place of its. No command handler of the library is reached.
 */
import type { Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import { SMTPConnection } from "smtp-server/lib/smtp-connection";
import type { SmtpBackend } from "./backend.ts";
import { Dialogue, type DialogueServices, type Transport } from "./dialogue.ts";
import { SMTP_LIMITS } from "./limits.ts";
import { newSessionFacts } from "./session_facts.ts";
import { SmtpInput } from "./smtp_input.ts";

/** What a connection is given besides its socket. */
export interface ConnectionOptions {
  readonly id: string;
  readonly services: DialogueServices;
  readonly backend: SmtpBackend;
  /** TLS has begun already. */
  readonly isSecure: boolean;
  /** The connection is gone and everything of it is freed. */
  onGone(connection: SmtpConnection): void;
}

/** One connection. */
export class SmtpConnection extends SMTPConnection implements Transport {
  readonly #dialogue: Dialogue;
  readonly #options: ConnectionOptions;
  #out = "";
  #handshakeBy = Number.POSITIVE_INFINITY;

  constructor(
    server: ConstructorParameters<typeof SMTPConnection>[0],
    socket: Socket,
    options: ConnectionOptions,
  ) {
    super(server, socket, { id: options.id });
    this.#options = options;
    if (options.isSecure) this.needsUpgrade = false;
    const facts = newSessionFacts({
      id: options.id,
      remoteAddress: this.remoteAddress,
      remotePort: this.remotePort,
      localAddress: this.localAddress,
      localPort: this.localPort,
    });
    this.#dialogue = new Dialogue(
      options.services,
      this,
      facts,
      options.backend.open(facts),
    );
  }

  /** The input of the socket in use: TLS has one of its own. */
  get input(): SmtpInput {
    if (this._parser instanceof SmtpInput) return this._parser;
    // Gone: one that nothing is written to.
    return new SmtpInput();
  }

  /** Begins; the greeting follows when the backend has agreed. */
  override init(): void {
    if (this.needsUpgrade) this.#awaitHandshake();
    this._setListeners(() => {
      if (this.needsUpgrade || this.#options.isSecure) this.#secured();
      this._ready = true;
      // Owned by the dialogue: it never rejects.
      void this.#dialogue.greet();
    });
  }

  override _createParser(): SmtpInput {
    // Runs before the fields of this class exist.
    return new SmtpInput();
  }

  write(reply: string): void {
    this.#out += reply;
    if (this.#out.length > SMTP_LIMITS.replyBytes) this.#send();
  }

  flush(): Promise<void> | undefined {
    this.#send();
    const socket = this._socket;
    if (!socket.writableNeedDrain || socket.destroyed) return undefined;
    const { promise, resolve } = Promise.withResolvers<void>();
    const done = (): void => {
      socket.removeListener("drain", done);
      socket.removeListener("close", done);
      resolve();
    };
    socket.once("drain", done);
    socket.once("close", done);
    return promise;
  }

  startTls(): void {
    this.#awaitHandshake();
    this.upgrade(() => {}, () => {
      this.#secured();
      this.#dialogue.awaitCommand();
    });
    this.input.open(this.#dialogue);
  }

  end(): void {
    this.#send();
    this.close();
  }

  /** Closes at once. */
  destroy(): void {
    this._socket.destroy();
  }

  /** Looks at deadlines. */
  sweep(now: number): void {
    if (now > this.#handshakeBy) return this.destroy();
    if (!this._upgrading) this.#dialogue.checkDeadline(now);
  }

  /** Tells an idle peer that it ends here. */
  drain(): void {
    if (this._upgrading || !this._ready) return this.destroy();
    this.#dialogue.drain();
  }

  override _onClose(): void {
    const isFirst = !this._closed;
    super._onClose();
    if (!isFirst) return;
    this.#dialogue.gone();
    this.#options.onGone(this);
  }

  override _onError(error: Error): void {
    this.#options.services.log.debug("connection broke", {
      session: this.id,
      error: error.message,
    });
    this.destroy();
  }

  /** Deadlines are looked at by `sweep`; no timer of its own. */
  override _armTimeout(): void {}

  #awaitHandshake(): void {
    this.#handshakeBy = this.#options.services.clock.monotonic() +
      SMTP_LIMITS.handshakeMs;
  }

  #secured(): void {
    this.#handshakeBy = Number.POSITIVE_INFINITY;
    const socket = this._socket as Partial<TLSSocket>;
    const name: unknown = Reflect.get(socket, "servername");
    this.#dialogue.facts.tls = {
      version: socket.getProtocol?.() ?? "TLS",
      cipher: socket.getCipher?.()?.name ?? "",
      serverName: typeof name === "string" && name !== "" ? name : undefined,
    };
  }

  #send(): void {
    const out = this.#out;
    if (out === "") return;
    this.#out = "";
    const socket = this._socket;
    // During a handshake nothing may be written between its records.
    if (this._upgrading || socket.destroyed || !socket.writable) return;
    socket.write(out);
  }
}
