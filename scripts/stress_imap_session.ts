/** One connection of a stress run: sends, reads, keeps what was said. */
import { expandSet, parseResponse, type Value } from "./stress_imap_parse.ts";
import { StressView } from "./stress_imap_view.ts";
import { type BoxTruth, check, StressError } from "./stress_imap_world.ts";

/** A server that says nothing for so long is broken. */
const DEADLINE_MS = 60_000;
/** So much of the conversation is kept for a report. */
const TRANSCRIPT_LINES = 300;
const CHUNK_BYTES = 64 * 1024;

/** A command to send. */
export interface Command {
  readonly text: string;
  /** Messages, sent in non-synchronising literals at the end. */
  readonly data?: readonly string[];
  /** FETCH, STORE and SEARCH: no EXPUNGE may come meanwhile. */
  readonly byNumber?: boolean;
}

/** The end of a command. */
export interface Outcome {
  readonly status: string;
  /** Response code in upper case, and what follows its name. */
  readonly code: string;
  readonly argument: string;
  readonly text: string;
}

interface Pending {
  readonly tag: string;
  readonly command: Command;
  readonly done: PromiseWithResolvers<Outcome>;
}

/** Where to connect and as whom. */
export interface Target {
  readonly port: number;
  readonly user: string;
  readonly password: string;
}

/** Who a session is in the run. */
export interface Identity {
  /** A number for each selection of a mailbox. */
  readonly nextSerial: () => number;
  /** The keyword that only this client changes. */
  readonly own: string;
}

export class StressSession {
  readonly identity: Identity;
  readonly transcript: string[] = [];
  view: StressView | undefined;
  qresync = false;
  /** The last HIGHESTMODSEQ since SELECT: all up to there has been told. */
  toldModSeq = 0;
  /** Untagged responses that are nobody's else: SEARCH, STATUS, ESEARCH. */
  answers: (readonly Value[])[] = [];
  /** COPYUID of an untagged OK. */
  copied: string | undefined;
  readonly #connection: Deno.Conn;
  readonly #pending: Pending[] = [];
  readonly #greeted = Promise.withResolvers<Outcome>();
  #idleReady: PromiseWithResolvers<void> | undefined;
  #reading: Promise<void> = Promise.resolve();
  #buffer = "";
  #tags = 0;
  #failure: unknown;
  #isClosing = false;
  /** What a SELECT in progress will have selected. */
  #selecting: StressView | undefined;

  private constructor(connection: Deno.Conn, identity: Identity) {
    this.#connection = connection;
    this.identity = identity;
    this.#greeted.promise.catch(() => {});
  }

  /** Connects and logs in. */
  static async login(
    target: Target,
    identity: Identity,
  ): Promise<StressSession> {
    const connection = await Deno.connect({
      hostname: "127.0.0.1",
      port: target.port,
    });
    const session = new StressSession(connection, identity);
    session.#reading = session.#read();
    await session.#within(session.#greeted.promise);
    await session.ok({ text: `LOGIN ${target.user} ${target.password}` });
    return session;
  }

  /** Runs a command that must be OK. */
  async ok(command: Command): Promise<Outcome> {
    const [outcome] = await this.run([command]);
    check(outcome?.status === "OK", `${command.text}: ${outcome?.text}`);
    return outcome;
  }

  /** Sends all of the commands at once; BAD is always a failure. */
  async run(commands: readonly Command[]): Promise<Outcome[]> {
    this.answers = [];
    this.copied = undefined;
    const outcomes = this.#sendAll(commands);
    const all = await this.#within(Promise.all(outcomes));
    for (const [i, outcome] of all.entries()) {
      const { text = "" } = commands[i] ?? {};
      check(outcome.status !== "BAD", `${text}: ${outcome.text}`);
    }
    return all;
  }

  /** SELECT; the view is a new one. */
  async select(box: BoxTruth, parameters = ""): Promise<StressView> {
    this.#selecting = new StressView(
      box,
      this.identity.nextSerial(),
      this.identity.own,
    );
    const text = `SELECT ${box.name}${parameters}`;
    this.toldModSeq = 0;
    await this.ok({ text });
    const view = this.#selecting;
    this.view = view;
    this.#selecting = undefined;
    return view;
  }

  /** IDLE, and DONE as soon as `over` resolves. */
  async idle(over: () => Promise<void>): Promise<void> {
    this.#idleReady = Promise.withResolvers();
    const [outcome] = this.#sendAll([{ text: "IDLE" }]);
    await this.#within(this.#idleReady.promise);
    this.#idleReady = undefined;
    await over();
    this.#write("DONE\r\n");
    if (outcome !== undefined) await this.#within(outcome);
  }

  /** Says goodbye and closes the connection. */
  async logout(): Promise<void> {
    this.#isClosing = true;
    await this.run([{ text: "LOGOUT" }]);
    await this.close();
  }

  /** Closes the connection without a word. */
  async close(): Promise<void> {
    this.#isClosing = true;
    this.#end();
    await this.#reading;
  }

  /** A failure that nobody has waited for. */
  throwIfFailed(): void {
    if (this.#failure !== undefined) throw this.#failure;
  }

  #sendAll(commands: readonly Command[]): Promise<Outcome>[] {
    this.throwIfFailed();
    let bytes = "";
    const outcomes = commands.map((command) => {
      const tag = `t${++this.#tags}`;
      const { text, data = [] } = command;
      const literals = data.map((each) => ` {${each.length}+}\r\n${each}`);
      bytes += `${tag} ${text}${literals.join("")}\r\n`;
      this.#note(`C: ${tag} ${text}${data.map(() => " {…}").join("")}`);
      const done = Promise.withResolvers<Outcome>();
      done.promise.catch(() => {});
      this.#pending.push({ tag, command, done });
      return done.promise;
    });
    this.#write(bytes);
    return outcomes;
  }

  #write(text: string): void {
    const bytes = Uint8Array.from(text, (char) => char.charCodeAt(0));
    this.#writeAll(bytes).catch((error: unknown) => this.#fail(error));
  }

  async #writeAll(bytes: Uint8Array): Promise<void> {
    let written = 0;
    while (written < bytes.length) {
      written += await this.#connection.write(bytes.subarray(written));
    }
  }

  async #within<T>(work: Promise<T>): Promise<T> {
    const late = setTimeout(
      () => this.#fail(new StressError("no answer")),
      DEADLINE_MS,
    );
    try {
      return await work;
    } finally {
      clearTimeout(late);
    }
  }

  async #read(): Promise<void> {
    const chunk = new Uint8Array(CHUNK_BYTES);
    const decoder = new TextDecoder("latin1");
    try {
      while (true) {
        const count = await this.#connection.read(chunk);
        if (count === null) throw new StressError("the server closed");
        this.#buffer += decoder.decode(chunk.subarray(0, count));
        this.#handleAll();
      }
    } catch (error) {
      if (!this.#isClosing || this.#pending.length > 0) this.#fail(error);
    }
  }

  /** Takes whole responses off the buffer. */
  #handleAll(): void {
    let from = 0;
    let start = 0;
    while (true) {
      const end = this.#buffer.indexOf("\r\n", from);
      if (end < 0) break;
      const tail = this.#buffer.slice(Math.max(start, end - 20), end);
      const literal = /\{([0-9]+)\}$/.exec(tail);
      if (literal !== null) {
        from = end + 2 + Number(literal[1]);
        if (from > this.#buffer.length) break;
        continue;
      }
      const text = this.#buffer.slice(start, end);
      this.#note(`S: ${text.replace(/\}\r\n[^]*line of message/, "} …")}`);
      start = from = end + 2;
      this.#handle(text);
    }
    this.#buffer = this.#buffer.slice(start);
  }

  #handle(text: string): void {
    const space = text.indexOf(" ");
    const first = text.slice(0, space);
    const rest = text.slice(space + 1);
    if (first === "+") this.#idleReady?.resolve();
    else if (first === "*") this.#untagged(rest);
    else {
      const pending = this.#pending.shift();
      check(pending?.tag === first, `${first} answered, not ${pending?.tag}`);
      const outcome = outcomeOf(rest);
      // EXPUNGE and MOVE say how far the client has come.
      if (outcome.code === "HIGHESTMODSEQ") this.#state(outcome);
      pending.done.resolve(outcome);
    }
  }

  #untagged(text: string): void {
    if (/^(OK|NO|BAD|BYE|PREAUTH) /.test(text)) {
      this.#state(outcomeOf(text));
      return;
    }
    const values = parseResponse(text);
    const [first, second, third] = values;
    const view = this.#selecting ?? this.view;
    switch (String(second).toUpperCase()) {
      case "EXISTS":
        view?.exists(Number(first));
        return;
      case "EXPUNGE":
        this.#checkExpunge("EXPUNGE");
        check(!this.qresync, "EXPUNGE in place of VANISHED");
        view?.expunge(Number(first));
        return;
      case "FETCH":
        view?.fetch(Number(first), third);
        return;
    }
    if (first === "VANISHED") {
      check(this.qresync, "VANISHED without QRESYNC");
      if (Array.isArray(second)) this.answers.push(values);
      else {
        this.#checkExpunge("VANISHED");
        view?.vanished(expandSet(String(second)));
      }
    } else this.answers.push(values);
  }

  /** RFC 9051 section 7.5.1. */
  #checkExpunge(name: string): void {
    const [current] = this.#pending;
    check(current !== undefined, `${name} with no command in progress`);
    check(
      current.command.byNumber !== true,
      `${name} during ${current.command.text}`,
    );
  }

  #state(outcome: Outcome): void {
    this.#greeted.resolve(outcome);
    const { box } = this.#selecting ?? this.view ?? {};
    const number = Number(outcome.argument);
    switch (outcome.code) {
      case "UIDVALIDITY":
        box?.sawUidValidity(number);
        break;
      case "COPYUID":
        this.copied = outcome.argument;
        break;
      case "HIGHESTMODSEQ":
        this.toldModSeq = number;
        break;
    }
  }

  #note(line: string): void {
    this.transcript.push(line);
    if (this.transcript.length > TRANSCRIPT_LINES) this.transcript.shift();
  }

  #fail(error: unknown): void {
    this.#failure ??= error;
    this.#greeted.reject(this.#failure);
    this.#idleReady?.reject(this.#failure);
    for (const { done } of this.#pending.splice(0)) done.reject(this.#failure);
    this.#end();
  }

  #end(): void {
    try {
      this.#connection.close();
    } catch {
      // It is closed already.
    }
  }
}

/** `OK [CODE argument] text`. */
function outcomeOf(text: string): Outcome {
  const match = /^([A-Z]+)(?: \[([^ \]]+) ?([^\]]*)\])?/i.exec(text);
  return {
    status: (match?.[1] ?? "").toUpperCase(),
    code: (match?.[2] ?? "").toUpperCase(),
    argument: match?.[3] ?? "",
    text,
  };
}
