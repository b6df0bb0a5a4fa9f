/**
 * Sends messages to one server at a time: connects or takes a connection from
 * the pool, starts TLS as far as it goes, tries again where an old connection
 * turns out to be gone. Used by `remote`, `smarthost` and `lmtp-client`.
 */
import type { Log } from "#src/log/log.ts";
import { dial, DialError } from "#src/net/dial.ts";
import type {
  ClientMessage,
  ClientOutcome,
  ClientTls,
} from "#src/smtp/client/smtp_client.ts";
import { ClientError, SmtpClient } from "#src/smtp/client/smtp_client.ts";
import { SmtpError } from "#src/smtp/reply.ts";
import { ConnectionPool, type PoolOptions, type Which } from "./remote_pool.ts";

/** How to speak with servers. */
export interface SenderOptions extends PoolOptions {
  /** Our name in EHLO. */
  readonly name: string;
  readonly port: number;
  readonly lmtp: boolean;
  readonly connectMs: number;
  readonly commandMs: number;
  readonly dataMs: number;
  readonly login?: { readonly user: string; readonly password: string };
}

/** One server. */
export interface Server {
  /** Its name, for TLS and reports. */
  readonly host: string;
  readonly address: string;
  readonly tls: ClientTls;
}

/** Sends messages. */
export class RemoteSender {
  readonly #options: SenderOptions;
  readonly #log: Log;
  readonly #pool: ConnectionPool;

  constructor(options: SenderOptions, log: Log) {
    this.#options = options;
    this.#log = log;
    this.#pool = new ConnectionPool(options);
  }

  /** Ends unused connections. */
  close(): void {
    this.#pool.close();
  }

  /**
   * One outcome a recipient, in order. Rejects with a temporary `SmtpError`
   * where the server cannot be reached or the connection broke, or with its
   * refusal.
   */
  async send(
    server: Server,
    message: ClientMessage,
    signal: AbortSignal,
  ): Promise<readonly ClientOutcome[]> {
    try {
      return await this.#send(server, message, signal, "any");
    } catch (error) {
      if (error instanceof StaleError) {
        return await this.#send(server, message, signal, "new");
      }
      throw error;
    }
  }

  async #send(
    server: Server,
    message: ClientMessage,
    signal: AbortSignal,
    which: Which,
  ): Promise<readonly ClientOutcome[]> {
    const key = `${server.host} ${server.address} ${server.tls}`;
    let pooled;
    try {
      const connect = () => this.#connect(server, signal);
      pooled = await this.#pool.acquire(key, connect, signal, which);
    } catch (error) {
      throw asSmtpError(error, server);
    }
    let isClean = false;
    try {
      const outcomes = await pooled.client.send(message, signal);
      isClean = outcomes.some((outcome) => outcome.ok) ||
        await this.#reset(pooled.client, signal);
      return outcomes;
    } catch (error) {
      if (
        error instanceof ClientError && pooled.isReused && !error.dataBegan
      ) throw new StaleError();
      throw asSmtpError(error, server);
    } finally {
      this.#pool.release(pooled, isClean);
    }
  }

  async #reset(client: SmtpClient, signal: AbortSignal): Promise<boolean> {
    if (!client.isOpen) return false;
    try {
      await client.reset(signal);
      return true;
    } catch {
      // The connection is given up; the outcomes are known already.
      return false;
    }
  }

  /** Without TLS where it does not work and need not be. RFC 7435. */
  async #connect(server: Server, signal: AbortSignal): Promise<SmtpClient> {
    try {
      return await this.#open(server, server.tls, signal);
    } catch (error) {
      const isTls = error instanceof ClientError && error.isTls;
      if (!isTls || server.tls !== "opportunistic") throw error;
      this.#log.warn("TLS failed, sending without", {
        host: server.host,
        error: error.message,
      });
      return await this.#open(server, "off", signal);
    }
  }

  async #open(
    { host, address }: Server,
    tls: ClientTls,
    signal: AbortSignal,
  ): Promise<SmtpClient> {
    const { name, port, lmtp, connectMs, commandMs, dataMs, login } =
      this.#options;
    const socket = await dial({ address, port, timeoutMs: connectMs, signal });
    const client = await SmtpClient.open({
      socket,
      host,
      name,
      tls,
      lmtp,
      commandTimeoutMs: commandMs,
      dataTimeoutMs: dataMs,
    }, signal);
    if (login === undefined) return client;
    try {
      await client.login(login.user, login.password, signal);
    } catch (error) {
      client.quit();
      if (!(error instanceof SmtpError)) throw error;
      // Our password is wrong, not the mail: it waits for a person.
      this.#log.error("login refused", { host, user: login.user });
      const text = `Login refused: ${error.publicText}`;
      throw new SmtpError(451, "7.0", text, { fields: { host } });
    }
    return client;
  }
}

/** A connection of the pool was gone before anything was sent over it. */
class StaleError extends Error {}

function asSmtpError(error: unknown, { host, address }: Server): unknown {
  if (!(error instanceof ClientError) && !(error instanceof DialError)) {
    return error;
  }
  const detail = error instanceof DialError ? "4.1" : "4.2";
  const text = error.message.replace(/[^\x20-\x7e]+/g, " ").slice(0, 400);
  return new SmtpError(451, detail, text, {
    cause: error,
    fields: { host, address },
  });
}
