/**
 * `deno task stress:imap`: many clients at the same few mailboxes do random
 * valid things; each checks every word against all that was said before, and
 * after each round everybody's picture is compared with that of a newcomer.
 *
 * `--seconds 60`, `--clients 10`, `--workers 2`, `--seed 1`; `--dovecot` does
 * the same with a Dovecot, to prove the checks themselves, and `--port` with a
 * server that runs already and has account `u@example.test`, password `bench`,
 * with no mailboxes `Stress` and `Other`. Ends with 1 and the conversation of
 * the client concerned where something was wrong.
 */
import { parseArgs } from "node:util";
import { TestServer } from "#tests/support/server.ts";
import { startDovecot } from "./bench_dovecot.ts";
import { type Stage, StressClient } from "./stress_imap_client.ts";
import { pairs } from "./stress_imap_parse.ts";
import { StressSession, type Target } from "./stress_imap_session.ts";
import type { Entry, StressView } from "./stress_imap_view.ts";
import { BoxTruth, check, Random } from "./stress_imap_world.ts";

const USER = "u@example.test";
const PASSWORD = "bench";
const BOXES = ["Stress", "Other"];
/** Between two comparisons. */
const ROUND_MS = 2_000;

/** How much of everything. */
export interface StressOptions {
  readonly seconds: number;
  readonly clients: number;
  readonly seed: number;
  /** Told of each comparison. */
  readonly onRound?: (text: string) => void;
}

/** What a run did. */
export interface StressResult {
  readonly actions: number;
  readonly rounds: number;
  readonly messages: number;
}

/** A run that found something. */
export class StressFailure extends Error {
  override name = "StressFailure";
}

/** Runs against a server that has the account; throws `StressFailure`. */
export async function stress(
  target: Target,
  options: StressOptions,
): Promise<StressResult> {
  let messages = 0;
  let serial = 0;
  const stage: Stage = {
    target,
    boxes: BOXES.map((name) => new BoxTruth(name)),
    nextMessage: () => ++messages,
    nextSerial: () => ++serial,
  };
  await prepare(stage);
  const clients = Array.from(
    { length: options.clients },
    (_, n) => new StressClient(stage, n, new Random(options.seed * 1_000 + n)),
  );
  const from = performance.now();
  const end = from + options.seconds * 1_000;
  let rounds = 0;
  while (performance.now() < end) {
    const until = Math.min(end, performance.now() + ROUND_MS);
    await together(clients, (client) => client.live(until));
    await compareAll(stage, clients);
    rounds++;
    const actions = clients.reduce((sum, client) => sum + client.actions, 0);
    options.onRound?.(`round ${rounds}: ${actions} actions`);
  }
  await together(clients, (client) => client.close());
  const actions = clients.reduce((sum, client) => sum + client.actions, 0);
  return { actions, rounds, messages };
}

/** All clients at once; the first that fails is reported. */
async function together(
  clients: readonly StressClient[],
  work: (client: StressClient) => Promise<unknown>,
): Promise<void> {
  const failed = Promise.withResolvers<never>();
  failed.promise.catch(() => {});
  await Promise.race([
    failed.promise,
    Promise.all(clients.map(async (client) => {
      try {
        await work(client);
      } catch (error) {
        failed.reject(failureOf(client, error));
        throw error;
      }
    })),
  ]);
}

function failureOf(client: StressClient, error: unknown): StressFailure {
  const said = client.session?.transcript.join("\n") ?? "";
  const what = error instanceof Error ? error.message : String(error);
  return new StressFailure(`${said}\n${client.name}: ${what}`, {
    cause: error,
  });
}

async function newcomer(stage: Stage): Promise<StressSession> {
  const { target, nextSerial } = stage;
  return await StressSession.login(target, { nextSerial, own: "$newcomer" });
}

async function prepare(stage: Stage): Promise<void> {
  const session = await newcomer(stage);
  for (const { name } of stage.boxes) {
    await session.ok({ text: `CREATE ${name}` });
  }
  await session.logout();
}

/** Everybody's picture beside that of a session which has just come. */
async function compareAll(
  stage: Stage,
  clients: readonly StressClient[],
): Promise<void> {
  const fresh = await newcomer(stage);
  for (const box of stage.boxes) {
    const view = await fresh.select(box);
    if (view.entries.length > 0) {
      await fresh.ok({ text: "FETCH 1:* (UID FLAGS MODSEQ)" });
    }
    await compareStatus(fresh, view);
    await together(clients, async (client) => {
      const theirs = client.session?.view;
      if (theirs?.box === box) compare(await client.settle(), view);
    });
  }
  await fresh.logout();
}

function compare(theirs: StressView | undefined, fresh: StressView): void {
  if (theirs === undefined) return;
  const show = (entries: readonly Entry[]): string =>
    entries.map(({ uid }) => uid ?? "?").join(" ");
  check(
    theirs.entries.length === fresh.entries.length,
    `messages: ${show(theirs.entries)}; newcomer: ${show(fresh.entries)}`,
  );
  for (const [i, entry] of theirs.entries.entries()) {
    const truth = fresh.entries[i];
    // A client without CONDSTORE is not told of every MODSEQ.
    for (const fact of ["uid", "flags"] as const) {
      const told = entry[fact];
      check(
        told === undefined || told === truth?.[fact],
        `${fact} of message ${i + 1} (UID ${truth?.uid}): ` +
          `${told}; newcomer: ${truth?.[fact]}`,
      );
    }
  }
  check(theirs.owed.size === 0, "messages that were passed over are here");
}

async function compareStatus(
  session: StressSession,
  view: StressView,
): Promise<void> {
  const { name } = view.box;
  const items = "MESSAGES UNSEEN UIDNEXT HIGHESTMODSEQ";
  await session.ok({ text: `STATUS ${name} (${items})` });
  const answer = session.answers.find(([word]) => word === "STATUS");
  const status = pairs(answer?.[2]);
  const value = (item: string): number => Number(status.get(item));
  const { entries } = view;
  const unseen = entries.filter(({ flags }) => !flags?.includes("\\seen"));
  const highest = Math.max(0, ...entries.map(({ modSeq }) => modSeq ?? 0));
  check(value("MESSAGES") === entries.length, `${name}: wrong MESSAGES`);
  check(value("UNSEEN") === unseen.length, `${name}: wrong UNSEEN`);
  check(value("UIDNEXT") >= view.box.uidNext, `${name}: wrong UIDNEXT`);
  check(value("HIGHESTMODSEQ") >= highest, `${name}: wrong HIGHESTMODSEQ`);
}

/** An Epistle with one account; `workers` share its connections. */
export async function startEpistle(workers: number): Promise<TestServer> {
  return await TestServer.start({
    accounts: { [USER]: PASSWORD },
    waitFor: ["imap"],
    config: (ports, folder) =>
      `hostname mail.example.test
domains example.test
state_dir ${folder}/state
dns 127.0.0.1:9
workers ${workers}
imap 127.0.0.1:${ports.imap} {
  insecure_auth yes
}
`,
  });
}

/** Where to stress a server of `startEpistle`. */
export function targetOf(port: number): Target {
  return { port, user: USER, password: PASSWORD };
}

interface Server {
  readonly port: number;
  stop(): Promise<void>;
}

interface WhichServer {
  readonly workers: string;
  readonly dovecot: boolean;
  readonly port?: string;
}

async function startServer(which: WhichServer): Promise<Server> {
  if (which.port !== undefined) {
    return { port: Number(which.port), stop: () => Promise.resolve() };
  }
  if (which.dovecot) {
    const server = await startDovecot();
    if (server === undefined) throw new Error("Dovecot is not installed");
    return server;
  }
  const server = await startEpistle(Number(which.workers));
  return { port: server.ports.imap, stop: () => server.remove() };
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      seconds: { type: "string", default: "60" },
      clients: { type: "string", default: "10" },
      workers: { type: "string", default: "2" },
      seed: { type: "string", default: String(Date.now() % 100_000) },
      dovecot: { type: "boolean", default: false },
      port: { type: "string" },
    },
  });
  const say = (text: string): void => {
    Deno.stdout.writeSync(new TextEncoder().encode(`${text}\n`));
  };
  say(`seed ${values.seed}`);
  const options = {
    seconds: Number(values.seconds),
    clients: Number(values.clients),
    seed: Number(values.seed),
    onRound: say,
  };
  const server = await startServer(values);
  try {
    const result = await stress(targetOf(server.port), options);
    say(
      `${result.actions} actions, ${result.messages} messages: nothing wrong`,
    );
  } catch (error) {
    if (!(error instanceof StressFailure)) throw error;
    say(error.message);
    Deno.exitCode = 1;
  } finally {
    await server.stop();
  }
}

if (import.meta.main) {
  await main();
  Deno.exit();
}
