/**
 * Mutated IMAP commands against whole sessions, in every state of a connection:
 * what may not come is a fault of ours, an answer that never ends, or one that
 * takes long. The same seed gives the same commands.
 */
import type { Log } from "#src/log/log.ts";
import { VALID_COMMANDS } from "#tests/support/imap_commands.ts";
import {
  type ImapTestClient,
  ImapTestServer,
  message,
} from "#tests/support/imap_server.ts";
import { type Pick, picker } from "#tests/support/mime_generator.ts";

/** Commands that one connection gets, all at once. */
const COMMANDS_EACH = 10;
/** Connections of one server: what commands leave behind must not add up. */
const CONNECTIONS_EACH = 100;
/** No pipeline of ten commands may take longer. */
export const SLOW_MS = 100;
/** A slow one is run so often again: the machine may have been busy. */
const SECOND_LOOKS = 3;

/** Pieces that break parsers. */
const PIECES = [
  "(",
  ")",
  "((((((((",
  "{5}",
  "{0+}\r\n",
  "{99999999999999999999}",
  "{-1}",
  "~{3+}\r\nabc",
  '"',
  '"\\',
  "\\",
  "*",
  ":",
  "$",
  "NIL",
  "\0",
  "\x80\xff",
  "4294967296",
  "18446744073709551616",
  "<0.0>",
  "[",
  "]",
  " ",
  "  ",
  "\r",
  "\r\n",
  "&AOk",
  "RETURN",
  "UID",
  ",,",
  "%".repeat(50),
  "1:*,".repeat(100),
  "(OR ".repeat(60),
];

/** One command, mutated a few times or not at all. */
export function mutatedCommand(pick: Pick): string {
  let result = VALID_COMMANDS[pick(VALID_COMMANDS.length)] ?? "";
  // Few changes leave much that runs, many leave little that parses.
  for (let n = [0, 1, 1, 1, 2, 4][pick(6)] ?? 0; n > 0; n--) {
    const at = pick(result.length + 1);
    const piece = PIECES[pick(PIECES.length)] ?? "";
    switch (pick(6)) {
      case 0:
        result = result.slice(0, at) + piece + result.slice(at);
        break;
      case 1:
        result = result.slice(0, at) + result.slice(at + 1 + pick(5));
        break;
      case 2:
        result = result.slice(0, at) + String.fromCharCode(pick(256)) +
          result.slice(at + 1);
        break;
      case 3: {
        const other = VALID_COMMANDS[pick(VALID_COMMANDS.length)] ?? "";
        result = result.slice(0, at) + other.slice(pick(other.length));
        break;
      }
      case 4:
        result = result.slice(0, at) + result.slice(pick(at + 1));
        break;
      case 5:
        // A part of it again.
        result += result.slice(at, at + 1 + pick(20));
    }
  }
  return result.slice(0, 4000);
}

/** A state, and how a new connection gets there. */
export interface FuzzState {
  readonly name: string;
  prepare(client: ImapTestClient): Promise<unknown>;
}

async function selected(client: ImapTestClient, ...before: string[]) {
  await client.ok("LOGIN alice secret");
  for (const command of before) await client.ok(command);
  await client.append(message("x"));
  await client.append(message("y", "\r\n--a\r\n\r\nz\r\n"));
  await client.ok("SELECT INBOX");
}

/** Every state of a connection, and what ENABLE makes of it. */
export const FUZZ_STATES: readonly FuzzState[] = [
  { name: "not authenticated", prepare: () => Promise.resolve() },
  {
    name: "authenticated",
    prepare: (client) => client.ok("LOGIN alice secret"),
  },
  { name: "selected", prepare: (client) => selected(client) },
  {
    name: "selected, IMAP4rev2",
    prepare: (client) =>
      selected(client, "ENABLE IMAP4rev2 UTF8=ACCEPT QRESYNC CONDSTORE"),
  },
  {
    name: "selected, by UID alone",
    prepare: (client) => selected(client, "ENABLE UIDONLY"),
  },
  {
    name: "selected, with NOTIFY",
    async prepare(client): Promise<void> {
      await selected(client);
      await client.ok(
        "NOTIFY SET (selected (MessageNew (UID ENVELOPE) MessageExpunge " +
          "FlagChange)) (personal (MessageNew MessageExpunge FlagChange " +
          "MailboxName SubscriptionChange))",
      );
    },
  },
  {
    name: "examined",
    async prepare(client): Promise<void> {
      await selected(client);
      await client.ok("EXAMINE INBOX");
    },
  },
];

/** What went wrong, and with which commands. */
export interface FuzzFinding {
  readonly state: string;
  readonly what: string;
  readonly commands: readonly string[];
}

/** Collects what the server takes for a fault of its own. */
class FaultLog implements Log {
  readonly faults: string[] = [];
  debug(): void {}
  info(): void {}
  warn(): void {}

  error(event: string, fields?: Readonly<Record<string, unknown>>): void {
    const { error } = fields ?? {};
    const stack = error instanceof Error ? error.stack : String(error);
    this.faults.push(`${event}: ${stack}`);
  }

  with(): Log {
    return this;
  }
}

/** Runs `count` commands in a state; gives what went wrong. */
export async function fuzz(
  state: FuzzState,
  { count, seed, onRound = () => {} }: {
    readonly count: number;
    readonly seed: number;
    /** Called now and then with the number of commands done. */
    readonly onRound?: (done: number) => void;
  },
): Promise<FuzzFinding[]> {
  const pick = picker(seed);
  const findings: FuzzFinding[] = [];
  let done = 0;
  while (done < count) {
    const batches: string[][] = [];
    for (let n = 0; n < CONNECTIONS_EACH && done < count; n++) {
      const batch: string[] = [];
      for (let k = 0; k < COMMANDS_EACH; k++) batch.push(mutatedCommand(pick));
      batches.push(batch);
      done += batch.length;
    }
    findings.push(...await runOnServer(state, batches));
    onRound(done);
  }
  return findings;
}

async function runOnServer(
  state: FuzzState,
  batches: readonly (readonly string[])[],
): Promise<FuzzFinding[]> {
  const log = new FaultLog();
  const server = new ImapTestServer({ log }, {
    maxSessionsPerAccount: 1_000_000,
  });
  const findings: FuzzFinding[] = [];
  try {
    for (const commands of batches) {
      const ms = await runBatch(server, state, commands);
      const faults = log.faults.splice(0);
      for (const what of faults) {
        findings.push({ state: state.name, what, commands });
      }
      if (ms > SLOW_MS && await isSlow(state, commands)) {
        const what = `takes ${Math.round(ms)} ms`;
        findings.push({ state: state.name, what, commands });
      }
    }
  } finally {
    await server.stop();
  }
  return findings;
}

/** Milliseconds from the commands to the end of the connection. */
async function runBatch(
  server: ImapTestServer,
  state: FuzzState,
  commands: readonly string[],
): Promise<number> {
  const client = await server.connect();
  await state.prepare(client);
  const text = commands.map((command) => `${command}\r\n`).join("");
  const from = performance.now();
  const answers = client.rest();
  // Ends whatever the server still waits for.
  await client.raw(`${text}\r\n*\r\nDONE\r\nzzz LOGOUT\r\n`).catch(() => {});
  client.finish();
  await answers;
  const taken = performance.now() - from;
  client.close();
  return taken;
}

/** Whether it is slow each time. */
async function isSlow(
  state: FuzzState,
  commands: readonly string[],
): Promise<boolean> {
  for (let look = 0; look < SECOND_LOOKS; look++) {
    const server = new ImapTestServer();
    try {
      if (await runBatch(server, state, commands) <= SLOW_MS) return false;
    } finally {
      await server.stop();
    }
  }
  return true;
}
