/**
 * The queue at work: takes messages, gives them to deliveries when they are
 * due, tries again, gives up, reports.
 *
 * Concurrency: one engine owns the store. Recipients being sent are leased in
 * memory; a job is some recipients of one message in one lane (the domain of
 * the address). A job ends with one transaction that notes its outcome and
 * queues its report. Lanes that may have something due are kept in a set, so
 * that choosing the next job asks the database for one lane only; a timer
 * finds the lanes that become due by time.
 */
import { withDeadline } from "#src/async/deadline.ts";
import { TaskGroup } from "#src/async/task_group.ts";
import type { Clock } from "#src/clock/clock.ts";
import type { Log } from "#src/log/log.ts";
import type { Body } from "#src/message/body.ts";
import type { Delivery } from "#src/module/roles/delivery.ts";
import type { Envelope, Recipient } from "#src/module/roles/session.ts";
import { type AccountLimitOptions, AccountLimits } from "./account_limits.ts";
import { attempt, type AttemptResult } from "./attempt.ts";
import { readBody } from "./read_body.ts";
import { newId } from "./new_id.ts";
import { decide } from "./decide.ts";
import { logOutcome } from "./log_outcome.ts";
import { makeReport } from "./make_report.ts";
import type { ReportedRecipient } from "./report.ts";
import { reported } from "./report_plan.ts";
import type {
  NewMessage,
  QueuedMessage,
  QueuedRecipient,
  RecipientChange,
} from "./queued.ts";
import type { RetrySchedule } from "./schedule.ts";
import { type Due, laneOf, QueueStore } from "./store.ts";

/** Settings of a queue. */
export interface EngineOptions {
  /** Folder for database and bodies. */
  readonly folder: string;
  readonly hostname: string;
  readonly schedule: RetrySchedule;
  /** Attempts at the same time. */
  readonly concurrency: number;
  /** Attempts at the same time for one domain. */
  readonly domainConcurrency: number;
  /** Recipients of one attempt. */
  readonly batch: number;
  /** Age at which the sender is told of the delay; 0: never. */
  readonly delayWarning: number;
  /** Bodies up to this size lie in the database. */
  readonly inlineSize: number;
  /** What one account may send out in a day; left out: anything. */
  readonly accountLimits?: AccountLimitOptions;
}

/** Surroundings of a queue. */
export interface EngineDeps {
  readonly clock: Clock;
  readonly log: Log;
  readonly random: () => number;
  /** Where messages go. */
  readonly target: () => Delivery;
  /** Where bounces to accounts of this server go. */
  readonly bounce: () => Delivery;
  /** Whether mail for that domain is kept on this server. */
  readonly isLocal: (domain: string) => boolean;
}

/** Longest sleep of the timer: a clock that was set is noticed by then. */
const MAX_SLEEP_MS = 60_000;
/** A delivery that takes longer is given up; those we have end far earlier. */
const ATTEMPT_DEADLINE_MS = 2 * 3_600_000;
/** Wait before the outcome of an attempt is written again. */
const WRITE_AGAIN_MS = 5_000;

/** A durable queue. */
export class QueueEngine {
  readonly #options: EngineOptions;
  readonly #deps: EngineDeps;
  readonly #tasks: TaskGroup;
  /** What one account may send. */
  readonly accountLimits: AccountLimits;
  #store: QueueStore | undefined;
  /** Keys of recipients that are being sent. */
  readonly #leased = new Set<number>();
  /** Lanes that may have something due, the one to ask next first. */
  readonly #ready = new Set<string>();
  /** Running jobs by lane. */
  readonly #lanes = new Map<string, number>();
  #running = 0;
  /** Everything due up to here has been put into `#ready`. */
  #scannedTo = Number.NEGATIVE_INFINITY;
  #wake = Promise.withResolvers<void>();
  /** When the timer means to wake. */
  #sleepsUntil = Number.POSITIVE_INFINITY;
  #isRunning = false;

  constructor(options: EngineOptions, deps: EngineDeps) {
    this.#options = options;
    this.#deps = deps;
    this.accountLimits = new AccountLimits(
      options.accountLimits ?? { messages: 0, newRecipients: 0 },
      () => this.store,
      () => deps.clock.now(),
    );
    this.#tasks = new TaskGroup((name, error) =>
      deps.log.error("queue task failed", { task: name, error: String(error) })
    );
  }

  /** The database, opened at the first use. */
  get store(): QueueStore {
    return this.#store ??= new QueueStore(
      this.#options.folder,
      this.#deps.clock.now(),
    );
  }

  /** Keys of recipients that are being sent. */
  get leased(): ReadonlySet<number> {
    return this.#leased;
  }

  /** Begins to deliver. */
  start(): void {
    const counts = this.store.counts();
    this.#deps.log.info("queue opened", counts);
    this.#isRunning = true;
    this.#tasks.spawn("queue timer", (signal) => this.#timer(signal));
  }

  /** Starts no new attempts and resolves when those under way have ended. */
  async drain(): Promise<void> {
    this.#isRunning = false;
    this.#wake.resolve();
    await this.#tasks.idle();
  }

  /** Gives up what runs and closes the database. */
  async stop(): Promise<void> {
    this.#isRunning = false;
    await this.#tasks.close();
    this.#store?.close();
    this.#store = undefined;
  }

  /**
   * Takes a message over; resolves when it is on disk. The first attempt
   * follows at once.
   */
  async accept(
    envelope: Envelope,
    recipients: readonly Recipient[],
    header: Uint8Array,
    body: Body,
  ): Promise<string> {
    const now = this.#deps.clock.now();
    const id = newId(now);
    const account = envelope.session.identity?.account;
    const isCounted = account !== undefined && this.accountLimits.isOn;
    const message: NewMessage = {
      ...(isCounted ? { countedFor: account } : {}),
      id,
      envelope,
      header,
      body: undefined,
      file: undefined,
      bodySize: body.size,
      route: "target",
      createdAt: now,
      expiresAt: now + this.#options.schedule.maxAge,
      recipients,
    };
    if (body.size <= this.#options.inlineSize) {
      const bytes = body.bytes ?? await readBody(body, body.size);
      await this.store.insert({ ...message, body: bytes });
    } else {
      await this.#acceptLarge({ ...message, file: id }, body);
    }
    this.#deps.log.info("message queued", {
      message: id,
      envelope: envelope.id,
      recipients: recipients.length,
    });
    this.notice(
      recipients.map((recipient) =>
        recipient.address.slice(recipient.address.lastIndexOf("@") + 1)
          .toLowerCase()
      ),
    );
    return id;
  }

  /** Makes a message (or all) due now, held recipients too; gives the lanes. */
  async retry(messageKey: number | undefined): Promise<readonly string[]> {
    const now = this.#deps.clock.now();
    const lanes = await this.store.retry(messageKey, now);
    this.notice(lanes);
    return lanes;
  }

  /** Something in these lanes may be due now. */
  notice(lanes: Iterable<string>): void {
    for (const lane of lanes) this.#ready.add(lane);
    this.#pump();
  }

  async #acceptLarge(
    message: NewMessage & { readonly file: string },
    body: Body,
  ): Promise<void> {
    await this.store.writeFile(message.file, body.open());
    try {
      await this.store.insert(message);
    } catch (error) {
      await this.store.removeFile(message.file);
      throw error;
    }
  }

  /** Puts lanes that become due into `#ready`, for as long as the queue runs. */
  async #timer(signal: AbortSignal): Promise<void> {
    const { clock } = this.#deps;
    while (this.#isRunning) {
      this.#wake = Promise.withResolvers();
      const now = clock.now();
      // The clock was set back: what was skipped has to be found again.
      if (now < this.#scannedTo) this.#scannedTo = Number.NEGATIVE_INFINITY;
      for (const lane of this.store.dueLanes(this.#scannedTo, now)) {
        this.#ready.add(lane);
      }
      this.#scannedTo = now;
      this.#pump();
      const next = this.store.nextDue(now) ?? Number.POSITIVE_INFINITY;
      const pause = Math.min(Math.max(next - now, 1), MAX_SLEEP_MS);
      this.#sleepsUntil = now + pause;
      const sleeping = new AbortController();
      const sleep = clock.sleep(
        pause,
        AbortSignal.any([signal, sleeping.signal]),
      );
      try {
        await Promise.race([sleep, this.#wake.promise]);
      } finally {
        sleeping.abort();
        sleep.catch(() => {});
      }
    }
  }

  /** Starts jobs while there is room. */
  #pump(): void {
    if (!this.#isRunning) return;
    const { concurrency, domainConcurrency, batch } = this.#options;
    for (const lane of this.#ready) {
      if (this.#running >= concurrency) return;
      while (
        this.#running < concurrency &&
        (this.#lanes.get(lane) ?? 0) < domainConcurrency
      ) {
        const now = this.#deps.clock.now();
        const due = this.store.due(lane, now, batch, this.#leased);
        if (due === undefined) {
          this.#ready.delete(lane);
          break;
        }
        this.#startJob(due);
      }
      // A full lane comes back when one of its jobs ends.
      if ((this.#lanes.get(lane) ?? 0) >= domainConcurrency) {
        this.#ready.delete(lane);
      }
    }
  }

  #startJob(due: Due): void {
    const { lane } = due;
    for (const { key } of due.recipients) this.#leased.add(key);
    this.#running++;
    this.#lanes.set(lane, (this.#lanes.get(lane) ?? 0) + 1);
    this.#tasks.spawn("delivery", async (signal) => {
      try {
        await this.#job(due, signal);
      } catch (error) {
        if (!signal.aborted) await this.#hold(due, error, signal);
      } finally {
        for (const { key } of due.recipients) this.#leased.delete(key);
        this.#running--;
        const left = (this.#lanes.get(lane) ?? 1) - 1;
        if (left > 0) this.#lanes.set(lane, left);
        else this.#lanes.delete(lane);
        if (!signal.aborted) this.notice([lane]);
      }
    });
  }

  async #job(due: Due, outer: AbortSignal): Promise<void> {
    const { clock, target, bounce } = this.#deps;
    const message = this.store.load(due.messageKey);
    if (message === undefined) return;
    const log = this.#deps.log.with({ message: message.id });
    const results = await withDeadline(
      "delivery",
      ATTEMPT_DEADLINE_MS,
      (signal) =>
        attempt({
          message,
          recipients: due.recipients,
          delivery: message.route === "bounce" ? bounce() : target(),
          log,
          signal,
          now: () => clock.now(),
        }),
      outer,
    ).catch((error): readonly AttemptResult[] => {
      outer.throwIfAborted();
      const reply = {
        code: 451,
        detail: "4.1",
        text: error instanceof Error ? error.message : "Delivery failed",
        at: clock.now(),
      } as const;
      return due.recipients.map(() => ({ kind: "temporary", reply }));
    });
    await this.#finish(message, due.recipients, results, log, outer);
  }

  /** Writes down what an attempt did; tries until it is written. */
  async #finish(
    message: QueuedMessage,
    recipients: readonly QueuedRecipient[],
    results: readonly AttemptResult[],
    log: Log,
    signal: AbortSignal,
  ): Promise<void> {
    const changes = new Map<number, RecipientChange>();
    const entries: ReportedRecipient[] = [];
    for (const [index, recipient] of recipients.entries()) {
      const result = results[index];
      if (result === undefined) continue;
      const decision = decide(message, recipient, result, {
        ...this.#options,
        now: this.#deps.clock.now(),
        random: this.#deps.random,
      });
      changes.set(recipient.key, decision.change);
      const entry = decision.outcome === undefined
        ? undefined
        : reported(message, recipient.recipient, decision.outcome);
      if (entry !== undefined) entries.push(entry);
      logOutcome(log, recipient, result, decision.change);
    }
    const reports = entries.length === 0 ? [] : [
      await makeReport(message, entries, {
        ...this.#options,
        now: this.#deps.clock.now(),
        isLocal: this.#deps.isLocal,
      }),
    ];
    while (true) {
      try {
        await this.store.finish(message.key, changes, reports);
        break;
      } catch (error) {
        // Without this note the mail would be sent again and again.
        log.error("queue cannot write", { error: String(error) });
        await this.#deps.clock.sleep(WRITE_AGAIN_MS, signal);
      }
    }
    for (const report of reports) {
      this.#ready.add(laneOfReport(report));
    }
    for (const { key, recipient } of recipients) {
      const change = changes.get(key);
      if (change?.kind === "rerouted") {
        this.#ready.add(laneOf(recipient.address, "target"));
      } else if (
        change?.kind === "deferred" && change.nextAt < this.#sleepsUntil
      ) {
        this.#wake.resolve();
      }
    }
  }

  /**
   * A job broke outside of the delivery (a row or file that cannot be read):
   * put aside, since it would break again at once.
   */
  async #hold(due: Due, error: unknown, signal: AbortSignal): Promise<void> {
    this.#deps.log.error("queue job broke", {
      row: due.messageKey,
      error: error instanceof Error ? error.stack ?? error.message : error,
    });
    const reply = {
      code: 451,
      detail: "3.0",
      text: "The message cannot be read from the queue",
      at: this.#deps.clock.now(),
    } as const;
    const changes = new Map<number, RecipientChange>();
    for (const { key } of due.recipients) {
      changes.set(key, { kind: "held", reply });
    }
    try {
      await this.store.finish(due.messageKey, changes, []);
    } catch {
      // The database itself is ill; the pause keeps this from spinning.
      await this.#deps.clock.sleep(MAX_SLEEP_MS, signal);
    }
  }
}

function laneOfReport(report: NewMessage): string {
  return laneOf(report.recipients[0]?.address ?? "", report.route);
}
