/**
 * The state of one SMTP or LMTP dialogue and what its commands have in common:
 * order, errors, counting, the end of transactions. RFC 5321 section 4, RFC
 * 2033. The commands are in `commands/`, the socket is behind `Transport`.
 *
 * One command at a time: the input waits for the promise of a command before
 * it gives the next line. When the connection goes away while one runs, the
 * clean-up waits for it.
 */
import type { Clock } from "#src/clock/clock.ts";
import type { Log } from "#src/log/log.ts";
import type {
  MailCommand,
  SmtpBackendSession,
  SmtpTransaction,
} from "./backend.ts";
import { splitCommand, tryDecodeLine } from "./command_grammar.ts";
import type { Command } from "./command.ts";
import { SMTP_LIMITS } from "./limits.ts";
import type { MessageReception } from "./message_reception.ts";
import type { SmtpError } from "./reply.ts";
import {
  formatRefusal,
  formatRefusedGreeting,
  replyOfError,
} from "./reply_of_error.ts";
import { REFUSALS } from "./replies.ts";
import type { SessionFacts } from "./session_facts.ts";
import type { SmtpSettings } from "./settings.ts";
import type { SmtpInput, SmtpInputEvents } from "./smtp_input.ts";

/** What a dialogue needs of its connection. */
export interface Transport {
  readonly input: SmtpInput;
  /** Queues a reply; what is queued goes out when the input is worked off. */
  write(reply: string): void;
  /** Sends what is queued; a promise: wait until the peer has taken it. */
  flush(): Promise<void> | undefined;
  /** Changes to TLS; the dialogue goes on after the handshake. */
  startTls(): void;
  /** Sends what is queued and closes; nothing more is read. */
  end(): void;
}

/** What all dialogues of a server share. */
export interface DialogueServices {
  readonly settings: SmtpSettings;
  readonly commands: ReadonlyMap<string, Command>;
  readonly clock: Clock;
  readonly log: Log;
  /** Counts wrong passwords; `LoginLimits` of `src/net` fits. */
  readonly loginLimits: {
    mayTry(remoteAddress: string, user: string): boolean;
    failed(remoteAddress: string, user: string): void;
  };
  /** Whether the server takes no new work. */
  readonly isDraining: () => boolean;
}

/** A sender, its recipients, and what has come of the message. */
export interface Transaction {
  readonly mail: MailCommand;
  readonly backend: SmtpTransaction;
  recipients: number;
  reception: MessageReception | undefined;
  /** Why a chunk was refused: RFC 3030 section 2 asks for RSET then. */
  chunkRefusal: SmtpError | undefined;
}

/** Words by which a browser gives itself away. */
const HTTP_VERBS = new Set([
  "GET",
  "HEAD",
  "POST",
  "PUT",
  "DELETE",
  "OPTIONS",
  "TRACE",
  "CONNECT",
  "PATCH",
]);

/**
 * Codes that no client earns that speaks SMTP. 503 is not one: a refused MAIL
 * earns it for each pipelined RCPT behind it.
 */
const NONSENSE: ReadonlySet<number> = new Set([500, 501, 502, 504]);

/** Commands that a stopping server still runs for a message under way. */
const FINISHING = new Set(["RCPT", "DATA", "BDAT", "QUIT"]);

/** One dialogue. */
export class Dialogue implements SmtpInputEvents {
  readonly services: DialogueServices;
  readonly settings: SmtpSettings;
  readonly transport: Transport;
  readonly facts: SessionFacts;
  readonly log: Log;
  readonly backend: SmtpBackendSession;
  transaction: Transaction | undefined;
  /** Takes the next line instead of a command (AUTH). */
  answer: ((line: string) => Promise<void> | undefined) | undefined;
  /** A chunk is read for nothing; this is the answer. */
  discarding: SmtpError | undefined;
  authFailures = 0;
  #badCommands = 0;
  #unknownRecipients = 0;
  #isBusy = false;
  #isOver = false;
  /** When the peer has to have sent something; `Infinity`: we are working. */
  #deadline = Number.POSITIVE_INFINITY;

  constructor(
    services: DialogueServices,
    transport: Transport,
    facts: SessionFacts,
    backend: SmtpBackendSession,
  ) {
    this.services = services;
    this.settings = services.settings;
    this.transport = transport;
    this.facts = facts;
    this.backend = backend;
    this.log = services.log.with({ session: facts.id });
  }

  /** Greets, or refuses the connection. Never rejects. */
  async greet(): Promise<void> {
    const { hostname, banner, protocol, greetingDelayMs } = this.settings;
    this.#isBusy = true;
    try {
      if (greetingDelayMs > 0) {
        await this.services.clock.sleep(greetingDelayMs);
        if (this.transport.input.hasUnread) throw REFUSALS.tooEarly();
      }
      await this.backend.connect();
      const word = protocol === "lmtp" ? "LMTP" : "ESMTP";
      const rest = banner === "" ? "" : ` ${banner}`;
      this.transport.write(`220 ${hostname} ${word}${rest}\r\n`);
    } catch (error) {
      const refusal = replyOfError(error, this.log);
      this.log.info("connection refused", { reply: refusal.message });
      this.transport.write(formatRefusedGreeting(refusal));
      this.transport.end();
    } finally {
      this.#isBusy = false;
    }
    if (this.#isOver) return await this.#cleanUp();
    await this.transport.flush();
    this.awaitCommand();
    this.transport.input.open(this);
  }

  line(bytes: Uint8Array): Promise<void> | undefined {
    const text = tryDecodeLine(bytes);
    if (text === undefined) {
      this.answer = undefined;
      this.transport.input.expectCommand();
      this.refuse(REFUSALS.notText());
      return undefined;
    }
    const { answer } = this;
    if (answer !== undefined) return this.#run(() => answer(text));
    const { verb, argument } = splitCommand(text);
    const command = this.services.commands.get(verb);
    if (this.services.isDraining() && this.#mayStop(verb)) {
      this.refuse(REFUSALS.stopping());
      return undefined;
    }
    if (command === undefined) {
      this.refuse(
        HTTP_VERBS.has(verb) ? REFUSALS.noHttp() : REFUSALS.unknownCommand(),
      );
      return undefined;
    }
    return this.#run(() => command(this, argument));
  }

  lineTooLong(): void {
    this.refuse(REFUSALS.lineTooLong());
    this.transport.end();
  }

  content(bytes: Uint8Array): Promise<void> | undefined {
    this.awaitCommand();
    if (this.discarding !== undefined) return undefined;
    const waiting = this.transaction?.reception?.content(this, bytes);
    if (waiting === undefined) return undefined;
    this.#deadline = Number.POSITIVE_INFINITY;
    return waiting.then(() => this.awaitCommand());
  }

  contentEnd(): Promise<void> | undefined {
    return this.#run(() => {
      const { discarding } = this;
      this.discarding = undefined;
      if (discarding !== undefined) throw discarding;
      return this.transaction?.reception?.contentEnd(this);
    });
  }

  idle(): Promise<void> | undefined {
    return this.transport.flush();
  }

  /** A reply that agrees; complete with CRLF. */
  reply(line: string): void {
    this.transport.write(line);
  }

  /** A reply that refuses; counts what looks like nonsense. */
  refuse(error: SmtpError): void {
    this.transport.write(formatRefusal(error));
    if (error.code === 421) return this.transport.end();
    if (!NONSENSE.has(error.code)) return;
    this.#badCommands++;
    if (this.#badCommands < SMTP_LIMITS.badCommands) return;
    this.transport.write(formatRefusal(REFUSALS.tooManyErrors()));
    this.transport.end();
  }

  /** The peer has shown that it speaks SMTP. */
  forgiveErrors(): void {
    this.#badCommands = 0;
    this.#unknownRecipients = 0;
  }

  /**
   * A recipient was refused. Strangers who try one name after the other would
   * else learn them all over one connection.
   */
  recipientRefused(error: SmtpError): void {
    this.refuse(error);
    const { user } = this.facts;
    if (error.temporary || user !== undefined) return;
    if (this.settings.protocol === "lmtp") return;
    this.#unknownRecipients++;
    if (this.#unknownRecipients < SMTP_LIMITS.unknownRecipients) return;
    this.refuse(REFUSALS.tooManyUnknown());
  }

  /** Ends the transaction without a message. */
  async resetTransaction(): Promise<void> {
    const { transaction } = this;
    this.transaction = undefined;
    if (transaction === undefined) return;
    const { reception } = transaction;
    if (reception?.handedOver) return await reception.abandon();
    await transaction.backend.abort();
  }

  /** Forgets what was said before TLS. RFC 3207 section 4.2. */
  async forgetSession(): Promise<void> {
    await this.resetTransaction();
    this.facts.helo = "";
    this.facts.esmtp = false;
    this.facts.user = undefined;
  }

  /** It is the peer's turn. */
  awaitCommand(): void {
    this.#deadline = this.services.clock.monotonic() +
      this.settings.commandTimeoutMs;
  }

  /** Looks at the clock; called about once a second. */
  checkDeadline(now: number): void {
    if (this.#isOver) return;
    const refusal = this.transaction?.reception?.overdue(now) ??
      (now > this.#deadline ? REFUSALS.timeout() : undefined);
    if (refusal === undefined) return;
    this.log.info("connection timed out", { reply: refusal.message });
    this.refuse(refusal);
  }

  /** Ends a connection that has nothing under way. */
  drain(): void {
    if (this.#isBusy || this.transaction !== undefined) return;
    this.refuse(REFUSALS.stopping());
  }

  /** The connection is gone. */
  gone(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.transaction?.reception?.connectionLost();
    if (!this.#isBusy) {
      // Owned by the backend: `abort` and `end` never throw.
      void this.#cleanUp();
    }
  }

  async #cleanUp(): Promise<void> {
    await this.resetTransaction();
    this.backend.end();
  }

  #mayStop(verb: string): boolean {
    return this.transaction === undefined
      ? verb !== "QUIT"
      : !FINISHING.has(verb);
  }

  /** Runs a command; whatever it throws becomes its reply. */
  #run(
    command: () => Promise<void> | undefined | void,
  ): Promise<void> | undefined {
    this.#isBusy = true;
    this.#deadline = Number.POSITIVE_INFINITY;
    try {
      const waiting = command();
      if (waiting instanceof Promise) return this.#settle(waiting);
    } catch (error) {
      this.#fail(error);
    }
    this.#done();
    return this.#isOver ? this.#cleanUp() : undefined;
  }

  async #settle(waiting: Promise<void>): Promise<void> {
    try {
      await waiting;
    } catch (error) {
      this.#fail(error);
    }
    this.#done();
    if (this.#isOver) await this.#cleanUp();
  }

  #fail(error: unknown): void {
    if (this.#isOver) return;
    this.refuse(replyOfError(error, this.log));
  }

  #done(): void {
    this.#isBusy = false;
    this.awaitCommand();
  }
}
