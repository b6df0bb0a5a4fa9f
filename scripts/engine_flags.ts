/**
 * How the JavaScript engine trades memory for speed. A mail server makes much
 * short-lived garbage in several isolates; with the engine's own settings each
 * keeps tens of megabytes of it. So: a small space for what is new, and heaps
 * that grow by a fifth before they are cleaned. Much less memory under load at
 * nearly the same speed; `--optimize-for-size` would save 10 % more and cost a
 * quarter of the speed (`deno task bench:smtp`). The engine reads them
 * at its start, so they are part of how the program is run or compiled; the
 * task `epistle` in `deno.json` has them too.
 */
export const ENGINE_FLAGS =
  "--v8-flags=--max-semi-space-size=2,--heap-growing-percent=20";
