/**
 * `deno task fuzz:imap`: mutated IMAP commands in every state of a connection.
 * `--count=N` (1,000,000 where left out) in all, `--seed=N`. Ends with exit code
 * 1 where something crashed, hung for more than 100 ms, or kept memory.
 */
import {
  fuzz,
  FUZZ_STATES,
  type FuzzFinding,
} from "#tests/support/imap_fuzz.ts";

const MIB = 1024 * 1024;
/** Heap that may be in use at the end more than after the first tenth. */
const MAX_GROWTH_BYTES = 16 * MIB;
/** Findings that are printed. */
const MAX_SHOWN = 20;

function option(name: string, fallback: number): number {
  const text = Deno.args.find((arg) => arg.startsWith(`--${name}=`));
  const value = Number.parseInt(text?.slice(name.length + 3) ?? "", 10);
  return Number.isNaN(value) ? fallback : value;
}

/** Bytes in use after everything unused is gone (`--expose-gc`). */
function heap(): number {
  const { gc } = globalThis as { readonly gc?: () => void };
  gc?.();
  gc?.();
  return Deno.memoryUsage().heapUsed;
}

function say(text: string): void {
  // deno-lint-ignore no-console -- the result of the task
  console.log(text);
}

async function main(): Promise<number> {
  const count = option("count", 1_000_000);
  const seed = option("seed", Date.now() % 1_000_000);
  const each = Math.ceil(count / FUZZ_STATES.length);
  const from = performance.now();
  const findings: FuzzFinding[] = [];
  let first: number | undefined;
  let done = 0;
  for (const [n, state] of FUZZ_STATES.entries()) {
    let shown = 0;
    findings.push(
      ...await fuzz(state, {
        count: each,
        seed: seed + n,
        onRound(inState): void {
          if (first === undefined && inState > each / 10) first = heap();
          if (inState - shown < 50_000) return;
          shown = inState;
          say(`${state.name}: ${inState} commands`);
        },
      }),
    );
    done += each;
  }
  const growth = heap() - (first ?? 0);
  for (const { state, what, commands } of findings.slice(0, MAX_SHOWN)) {
    say(`${state}: ${what}\n  ${JSON.stringify(commands)}`);
  }
  const seconds = Math.round((performance.now() - from) / 1_000);
  say(
    `${done} commands, seed ${seed}, ${seconds} s: ${findings.length} findings, ` +
      `heap ${growth < 0 ? "" : "+"}${(growth / MIB).toFixed(1)} MiB`,
  );
  return findings.length > 0 || growth > MAX_GROWTH_BYTES ? 1 : 0;
}

if (import.meta.main) Deno.exit(await main());
