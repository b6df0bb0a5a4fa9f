/**
 * What the filters of a connection said before there was a message, and what
 * is known of its client.
 */
import type { Host } from "#src/module/host.ts";
import type { Log } from "#src/log/log.ts";
import { ContextValues } from "#src/module/roles/context.ts";
import type { FilterRun } from "#src/module/roles/filter.ts";
import type { SessionInfo } from "#src/module/roles/session.ts";
import { PASS, type Verdict } from "#src/module/roles/verdict.ts";
import { SmtpError } from "#src/smtp/reply.ts";
import { lookUpClientName } from "./client_name.ts";
import { CLIENT_NAME } from "./auth_results.ts";
import type { FilterOp, Op } from "./compile_steps.ts";
import type { Facts } from "./facts.ts";
import { faultReply } from "./fault.ts";
import { mergeVerdicts } from "./verdicts.ts";
import { walkSure } from "./walk_sure.ts";

/** A filter at work on the connection. */
interface ConnectionRun {
  readonly run: FilterRun;
  verdict: Verdict;
  greeted: boolean;
}

/** One connection as the pipeline sees it. */
export class Connection {
  session: SessionInfo;
  readonly log: Log;
  readonly #host: Host;
  readonly #ops: readonly Op[];
  readonly #abort = new AbortController();
  #values = new ContextValues();
  #runs = new Map<number, ConnectionRun>();
  #greeted = false;
  #hostname: string | Promise<string> | undefined;

  constructor(session: SessionInfo, ops: readonly Op[], host: Host) {
    this.session = session;
    this.#ops = ops;
    this.#host = host;
    this.log = host.log;
  }

  /** What filters of the connection left; read by each message. */
  get values(): ContextValues {
    return this.#values;
  }

  /** Aborted when the client is gone. */
  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  /**
   * What a filter said of the connection; `undefined` where it was not asked,
   * so that the message has to.
   */
  verdictOf(op: FilterOp): Verdict | undefined {
    const known = this.#runs.get(op.id);
    return known?.greeted === true ? known.verdict : undefined;
  }

  /** Stage `connect`. Throws the refusal. */
  async connect(): Promise<void> {
    const verdicts: Promise<Verdict>[] = [];
    // The greeting does not wait for DNS.
    const facts = this.#facts(() => undefined);
    await walkSure(this.#ops, facts, {
      filter: (op) => {
        verdicts.push(this.#connectRun(this.#start(op)));
      },
    });
    this.#conclude(await Promise.all(verdicts));
  }

  /** Stage `helo`, on fresh runs when it is not the first one. */
  async helo(session: SessionInfo): Promise<void> {
    this.session = session;
    if (this.#greeted) await this.#forget();
    this.#greeted = true;
    const verdicts: Promise<Verdict>[] = [];
    const facts = this.#facts(() => this.#hostnameIfKnown());
    await walkSure(this.#ops, facts, {
      filter: (op) => {
        const known = this.#runs.get(op.id);
        verdicts.push(this.#heloRun(op, known));
      },
    });
    this.#conclude(await Promise.all(verdicts));
  }

  /** Forward-confirmed name of the client; empty where it has none. */
  hostname(): string | Promise<string> {
    return this.#hostname ??= this.#findHostname();
  }

  /** The connection is over. */
  async end(): Promise<void> {
    this.#abort.abort();
    await this.#forget();
  }

  #start(op: FilterOp): ConnectionRun {
    const run = op.filter.start({
      values: this.#values,
      options: op.options,
      signal: this.#abort.signal,
      log: this.log,
    });
    const started = { run, verdict: PASS, greeted: false };
    this.#runs.set(op.id, started);
    return started;
  }

  #connectRun(known: ConnectionRun): Promise<Verdict> {
    const { session } = this;
    return this.#stage(known, () => known.run.connect?.(session));
  }

  async #heloRun(
    op: FilterOp,
    before: ConnectionRun | undefined,
  ): Promise<Verdict> {
    const known = before ?? this.#start(op);
    if (before === undefined) await this.#connectRun(known);
    known.greeted = true;
    const { session } = this;
    return this.#stage(known, () => known.run.helo?.(session));
  }

  async #stage(
    known: ConnectionRun,
    call: () => Promise<Verdict> | undefined,
  ): Promise<Verdict> {
    try {
      const verdict = await call() ?? PASS;
      known.verdict = mergeVerdicts([known.verdict, verdict]);
    } catch (error) {
      known.verdict = { kind: "reject", error: faultReply(error, this.log) };
    }
    return known.verdict;
  }

  #conclude(verdicts: readonly Verdict[]): void {
    const merged = mergeVerdicts(verdicts);
    if (merged.kind === "reject") throw merged.error;
  }

  #facts(hostname: Facts["hostname"]): Facts {
    return {
      session: this.session,
      settled: false,
      hostname,
      mailFrom: undefined,
      rcpt: undefined,
      header: () => undefined,
    };
  }

  /** Trouble with DNS is no reason to refuse a client before MAIL. */
  async #hostnameIfKnown(): Promise<string | undefined> {
    try {
      return await this.hostname();
    } catch (error) {
      if (error instanceof SmtpError) return undefined;
      throw error;
    }
  }

  async #findHostname(): Promise<string> {
    const { session } = this;
    const found = await lookUpClientName(
      session.remoteAddress,
      this.#host.resolver,
      this.#abort.signal,
    );
    if (found.result === "temperror") {
      this.#hostname = undefined;
      throw new SmtpError(451, "4.3", "Temporary failure of a DNS lookup");
    }
    this.#values.set(CLIENT_NAME, found.name);
    return this.#hostname = found.name;
  }

  async #forget(): Promise<void> {
    const runs = [...this.#runs.values()];
    this.#runs = new Map();
    this.#values = new ContextValues();
    await Promise.all(runs.map(({ run }) => endRun(run, this.log)));
  }
}

/** Ends a run; `end` never throws by contract, a filter that does is logged. */
export async function endRun(run: FilterRun, log: Log): Promise<void> {
  try {
    await run.end?.();
  } catch (error) {
    log.error("filter failed to end", { error });
  }
}
