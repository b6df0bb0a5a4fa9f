/**
 * How the JavaScript engine trades memory for speed. A mail server makes much
 * short-lived garbage in several isolates; with the engine's own settings each
 * keeps tens of megabytes of it. Less than half the memory under load, within
 * the noise of the same speed (`deno task bench:smtp`). The engine reads them
 * at its start, so they are part of how the program is run or compiled; the
 * task `epistle` in `deno.json` has them too.
 */
export const ENGINE_FLAGS =
  "--v8-flags=--max-semi-space-size=2,--optimize-for-size";
