/**
 * The loop of one connection: greeting, commands one after the other, BYE.
 * RFC 9051 section 2.2, 3, 7.1.
 *
 * Answers are written when the loop has to wait for the client, so a pipeline
 * of commands is answered in one piece.
 */
import {
  ConnectionClosed,
  ConnectionTimeout,
  TlsError,
} from "#src/net/connection_errors.ts";
import type { Connection } from "#src/net/connection.ts";
import { LimitError } from "#src/errors/errors.ts";
import { AppendLiterals } from "./append_literals.ts";
import { capabilitiesOf, isSwitchedOff } from "./capability.ts";
import type { Command, Done, Updates } from "./command.ts";
import { COMMANDS } from "./commands/index.ts";
import { ImapError } from "./errors.ts";
import { uidRequired } from "./resolve_set.ts";
import { StreamLost } from "./stream_lost.ts";
import { LOGIN_TIMEOUT_MS, MAX_BAD_COMMANDS } from "./limits.ts";
import type { ImapServices } from "./services.ts";
import { Session } from "./session.ts";
import { type Failure, statusOfError } from "./status_of_error.ts";
import { tellWhile } from "./tell_while.ts";
import { Cursor } from "./wire/cursor.ts";
import {
  LineTooLong,
  LiteralRefused,
  type ReceivedCommand,
} from "./wire/framing.ts";

/** Commands whose effect on the mailbox is told whatever NOTIFY says. */
const OWN_CHANGES: ReadonlySet<string> = new Set([
  "APPEND",
  "COPY",
  "EXPUNGE",
  "MOVE",
  "REPLACE",
]);

/** A connection that is being served. */
export class SessionLoop {
  readonly #session: Session;
  readonly #services: ImapServices;
  #bad = 0;
  /** The loop waits for the client between commands. */
  #isWaiting = false;
  /** The client sends a literal that nobody is going to read. */
  #hasUnreadLiteral = false;

  constructor(
    services: ImapServices,
    connection: Connection,
    id: string,
  ) {
    this.#services = services;
    const log = services.log.with({
      session: id,
      remote: connection.remoteAddress,
    });
    this.#session = new Session(
      services,
      connection,
      COMMANDS,
      log,
    );
  }

  /** Name of the account that is logged in. */
  get account(): string | undefined {
    return this.#session.accountName;
  }

  /**
   * Serves until the end of the connection. Never rejects. With `account` that
   * one is logged in already: the caller knows who is there (PREAUTH, RFC 9051
   * section 7.1.4).
   */
  async run(account?: string): Promise<void> {
    const session = this.#session;
    try {
      if (account !== undefined) await session.login(account);
      await this.#greet();
      while (!session.isEnding) {
        const received = await this.#next();
        if (received === undefined) break;
        await this.#handle(received);
      }
      const { farewell } = session;
      if (farewell !== undefined) session.out.line(`* BYE ${farewell}`);
      await session.out.flush();
    } catch (error) {
      await this.#breakOff(error);
    } finally {
      session.end();
      await session.connection.close();
    }
  }

  /**
   * Ends the session at the next moment when that is allowed: at once between
   * commands and in IDLE, else after the command that runs.
   */
  async drain(): Promise<void> {
    this.#session.isDraining = true;
    this.#session.isEnding = true;
    if (this.#isWaiting) await this.#sayBye();
    else this.#session.onDrain?.();
  }

  /** Ends the connection at once. */
  destroy(): void {
    this.#session.connection.destroy();
  }

  async #sayBye(): Promise<void> {
    try {
      await this.#session.toldEvents;
      await this.#session.out.line("* BYE The server is going down").flush();
      await this.#session.connection.close();
    } catch (error) {
      this.#session.log.debug("client gone at BYE", { error });
    }
  }

  async #greet(): Promise<void> {
    const words = await capabilitiesOf(this.#session);
    const host = this.#services.settings.hostname;
    const status = this.account === undefined ? "OK" : "PREAUTH";
    this.#session.out.line(
      `* ${status} [CAPABILITY ${words.join(" ")}] ${host} ready`,
    );
  }

  async #next(): Promise<ReceivedCommand | undefined> {
    const session = this.#session;
    const isLoggedIn = session.state !== "notAuthenticated";
    this.#isWaiting = true;
    try {
      const reading = session.reader.next(
        isLoggedIn ? this.#services.settings.idleTimeoutMs : LOGIN_TIMEOUT_MS,
      );
      if (session.notifier === undefined) return await reading;
      return await tellWhile(session, reading, { isIdle: false });
    } catch (error) {
      if (error instanceof LiteralRefused) {
        return await this.#refuseLiteral(error);
      }
      // RFC 5465: what is told by itself may be that the mailbox is gone.
      if (!(error instanceof ImapError)) throw error;
      this.#fail("*", error);
      return undefined;
    } finally {
      this.#isWaiting = false;
    }
  }

  /** A literal beyond the limits: the client waits, or we part. */
  async #refuseLiteral(
    error: LiteralRefused,
  ): Promise<ReceivedCommand | undefined> {
    const { out } = this.#session;
    const tag = tagOf(error.command);
    out.line(`${tag} BAD [TOOBIG] The literal is too long`);
    this.#countBad();
    if (!error.literal.synchronising) {
      out.line("* BYE What follows can not be told from commands");
      this.#session.isEnding = true;
    }
    if (this.#session.isEnding) return undefined;
    return await this.#next();
  }

  async #handle(received: ReceivedCommand): Promise<void> {
    const { out } = this.#session;
    this.#hasUnreadLiteral = received.pending?.synchronising === false;
    const cursor = new Cursor(received.bytes);
    let tag = "*";
    try {
      tag = cursor.tag();
      cursor.sp();
      const done = await this.#dispatch(cursor, tag, received);
      this.#bad = 0;
      if (done !== undefined) {
        const code = done.code === undefined ? "" : `[${done.code}] `;
        out.line(`${tag} OK ${code}${done.text}`);
      }
    } catch (error) {
      if (isOver(error)) throw error;
      this.#fail(tag, error);
      await this.#dropLiteral(received);
    }
    if (this.#session.isDraining) out.line("* BYE The server is going down");
    await out.relieve();
  }

  /**
   * A message that the client sends without waiting, and that nobody has taken:
   * where it ends does not depend on what was wrong with the command before it.
   * A stranger has no reason to send one.
   */
  async #dropLiteral({ pending }: ReceivedCommand): Promise<void> {
    if (!this.#hasUnreadLiteral) return;
    const session = this.#session;
    if (session.state === "notAuthenticated") {
      session.out.line("* BYE What follows can not be told from commands");
      session.isEnding = true;
      return;
    }
    await new AppendLiterals(session, pending).discard();
  }

  async #dispatch(
    cursor: Cursor,
    tag: string,
    received: ReceivedCommand,
  ): Promise<Done | undefined> {
    const session = this.#session;
    let name = cursor.word("command");
    const uid = name === "UID";
    if (uid) {
      cursor.sp();
      name = cursor.word("command");
    }
    const command = COMMANDS.get(name);
    if (
      command === undefined || !hasForm(command, uid) ||
      isSwitchedOff(session, command)
    ) {
      throw new ImapError("BAD", "Unknown command");
    }
    const prepared = command.prepare(cursor, { uid, utf8: session.utf8 });
    if (!command.states.includes(session.state)) {
      throw new ImapError("BAD", `Not valid when ${stateText(session)}`);
    }
    if (session.uidOnly && command.numbered && !uid) throw uidRequired();
    // From here on the command sees to the literal itself.
    this.#hasUnreadLiteral = false;
    try {
      // So that the answer itself is about the mailbox as it is now.
      await session.catchUp();
      const { pending } = received;
      return await prepared.run(session, { uid, tag, pending });
    } finally {
      await this.#tellNews(command, prepared.updates);
    }
  }

  /** What is new goes out before the tagged answer, also before NO. */
  async #tellNews(command: Command, updates: Updates): Promise<void> {
    if (updates === "none" || this.#session.connection.closed) return;
    const session = this.#session;
    await session.tellNews({
      expunge: updates !== "noExpunge",
      poll: updates === "poll",
      always: OWN_CHANGES.has(command.name),
    });
    await session.notifier?.tell();
  }

  /** The tagged answer for a thrown value. */
  #fail(tag: string, error: unknown): void {
    const session = this.#session;
    const failure = statusOfError(error, () => newReference(this.#services));
    this.#logFailure(failure, error);
    if (failure.status === "BAD") this.#countBad();
    const code = failure.code === undefined ? "" : `[${failure.code}] `;
    const label = failure.status === "BYE" ? "*" : tag;
    if (failure.status === "BYE") session.isEnding = true;
    session.out.line(`${label} ${failure.status} ${code}${failure.text}`);
  }

  #logFailure(failure: Failure, error: unknown): void {
    const { log } = this.#session;
    if (failure.reference === undefined) {
      log.debug("command refused", { status: failure.status });
      return;
    }
    log.error("command failed", { reference: failure.reference, error });
  }

  #countBad(): void {
    if (++this.#bad < MAX_BAD_COMMANDS) return;
    this.#session.out.line("* BYE Too many commands that are none");
    this.#session.isEnding = true;
  }

  /** The connection ended other than by LOGOUT. */
  async #breakOff(error: unknown): Promise<void> {
    const { log } = this.#session;
    // A client that leaves within a literal is no fault of ours.
    const origin = originOf(error);
    if (origin instanceof ConnectionTimeout) {
      log.debug("session idle for too long");
      // Within a response that broke off nothing can be said.
      if (origin === error) await this.#sayLast("Nothing came for too long");
    } else if (error instanceof LimitError) {
      log.info("session over its limits", { limit: error.limit });
      await this.#sayLast("That is more than is allowed");
    } else if (
      origin instanceof ConnectionClosed || origin instanceof TlsError
    ) {
      log.debug("connection lost", { error });
    } else {
      log.error("session broken", { error });
    }
  }

  /** RFC 9051 section 3.4: no connection ends without a word. */
  async #sayLast(text: string): Promise<void> {
    try {
      await this.#session.out.line(`* BYE ${text}`).flush();
    } catch (error) {
      this.#session.log.debug("client gone at BYE", { error });
    }
  }
}

/** Whether `UID name` or `name` is a form of the command. */
function hasForm(command: Command, uid: boolean): boolean {
  return uid ? command.uid !== "no" : command.uid !== "only";
}

/** Whether nothing more can be said to this client. */
function isOver(error: unknown): boolean {
  return error instanceof ConnectionClosed ||
    error instanceof ConnectionTimeout || error instanceof TlsError ||
    error instanceof StreamLost || error instanceof LineTooLong;
}

/** Why a stream was lost; any other error itself. */
function originOf(error: unknown): unknown {
  let origin = error;
  while (origin instanceof StreamLost && origin.cause !== undefined) {
    origin = origin.cause;
  }
  return origin;
}

function stateText(session: Session): string {
  switch (session.state) {
    case "notAuthenticated":
      return "not logged in";
    case "authenticated":
      return "no mailbox is selected";
    case "selected":
      return "logged in";
  }
}

function tagOf(command: Uint8Array): string {
  try {
    return new Cursor(command).tag();
  } catch {
    // Without a tag the answer is untagged.
    return "*";
  }
}

/** A short word that stands in the answer and in the log. */
function newReference(services: ImapServices): string {
  return Array.from(services.random(4))
    .map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
