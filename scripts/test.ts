/**
 * `deno task test`: every test, with the leak sanitizers, in random order. The
 * last line is `N passed, N failed`. Arguments go to `deno test`.
 */

/** Counts of one run. */
interface Counts {
  readonly passed: number;
  readonly failed: number;
}

/** Reads the counts out of a JUnit report. */
export function countJunit(xml: string): Counts {
  const attribute = (tag: string, name: string): number =>
    Number.parseInt(
      new RegExp(`\\b${name}="([0-9]+)"`).exec(tag)?.[1] ?? "0",
      10,
    );
  let passed = 0;
  let failed = 0;
  for (const [tag] of xml.matchAll(/<testsuite [^>]*>/g)) {
    const bad = attribute(tag, "failures") + attribute(tag, "errors");
    failed += bad;
    passed += attribute(tag, "tests") - bad -
      attribute(tag, "disabled") - attribute(tag, "skipped");
  }
  return { passed, failed };
}

async function main(args: readonly string[]): Promise<number> {
  const report = await Deno.makeTempFile({ prefix: "epistle-junit-" });
  try {
    const { code } = await new Deno.Command(Deno.execPath(), {
      args: [
        "test",
        "-A",
        "--no-check",
        "--no-prompt",
        "--sanitize-ops",
        "--sanitize-resources",
        "--shuffle",
        `--junit-path=${report}`,
        ...args,
      ],
      cwd: new URL("..", import.meta.url).pathname,
    }).spawn().status;
    const counts = countJunit(await Deno.readTextFile(report));
    // A file that cannot be loaded fails without a test of its own.
    const failed = code === 0 ? counts.failed : Math.max(counts.failed, 1);
    // deno-lint-ignore no-console -- CI reads this line
    console.log(`${counts.passed} passed, ${failed} failed`);
    return failed === 0 && code === 0 ? 0 : 1;
  } finally {
    await Deno.remove(report);
  }
}

if (import.meta.main) Deno.exit(await main(Deno.args));
