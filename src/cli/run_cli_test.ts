import assert from "node:assert/strict";
import { COMMANDS } from "./commands.ts";
import { OK, USAGE } from "./exit_code.ts";
import { runCli } from "./run_cli.ts";
import { formatTable } from "./table.ts";
import { VERSION } from "./version.ts";

/** Runs a command line; gives what it printed. */
async function run(
  args: readonly string[],
  input = "",
): Promise<{ code: number; out: string; err: string }> {
  let out = "";
  let err = "";
  const code = await runCli(args, {
    out: (text) => out += text,
    err: (text) => err += text,
    readAll: () => Promise.resolve(input),
    interactive: false,
    watched: false,
  });
  return { code, out, err };
}

/** Runs with a configuration file in a folder of its own. */
async function withConfig(
  text: string,
  use: (file: string) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "epistle-cli-" });
  try {
    const file = `${folder}/epistle.conf`;
    await Deno.writeTextFile(file, text);
    await use(file);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("every command explains itself", async () => {
  const overview = await run(["--help"]);
  assert.equal(overview.code, OK);
  for (const { name, summary } of COMMANDS) {
    assert.ok(overview.out.includes(summary), name);
    const { code, out } = await run([...name.split(" "), "--help"]);
    assert.equal(code, OK);
    assert.match(out, new RegExp(`^usage: epistle ${name}`));
    assert.match(out, /--json/);
  }
});

Deno.test("no command, a wrong one and a wrong option are mistakes of use", async () => {
  assert.equal((await run([])).code, USAGE);
  const wrong = await run(["acount", "list"]);
  assert.equal(wrong.code, USAGE);
  assert.match(wrong.err, /Did you mean "account"/);
  const group = await run(["account"]);
  assert.equal(group.code, USAGE);
  assert.match(group.err, /account add/);
  const option = await run(["fmt", "--colour"]);
  assert.equal(option.code, USAGE);
  assert.match(option.err, /epistle fmt --help/);
  const missing = await run(["account", "add"]);
  assert.equal(missing.code, USAGE);
  assert.match(missing.err, /NAME is missing/);
  const extra = await run(["version", "now"]);
  assert.match(extra.err, /Unexpected "now"/);
});

Deno.test("the version is that of deno.json", async () => {
  const url = new URL("../../deno.json", import.meta.url);
  const { version } = JSON.parse(await Deno.readTextFile(url));
  assert.equal(version, VERSION);
  const { out } = await run(["version", "--json"]);
  assert.equal(JSON.parse(out).epistle, VERSION);
});

Deno.test("check shows all mistakes with their places and ends with 2", () =>
  withConfig("hostnam example.test\nworkers many\n", async (file) => {
    const { code, err } = await run(["check", "--config", file]);
    assert.equal(code, USAGE);
    assert.match(err, /mistakes in the configuration/);
    assert.match(err, /epistle\.conf:1:1: Unknown directive "hostnam"/);
    assert.match(err, /Did you mean "hostname"/);
    assert.match(err, /epistle\.conf:2:/);
    const { out } = await run(["check", "--config", file, "--json"]);
    assert.match(JSON.parse(out).error, /mistakes in the configuration/);
  }));

Deno.test("a configuration that is not there says what to do", async () => {
  const { code, err } = await run(["check", "--config", "/nowhere/x.conf"]);
  assert.equal(code, USAGE);
  assert.match(err, /\/nowhere\/x\.conf/);
});

Deno.test("fmt prints, checks and writes", () =>
  withConfig("smtp 0.0.0.0:25 {\nlimit   5\n}\n", async (file) => {
    assert.equal((await run(["fmt", file, "--check"])).code, 1);
    const { out } = await run(["fmt", file]);
    assert.equal(out, "smtp 0.0.0.0:25 {\n  limit 5\n}\n");
    assert.equal((await run(["fmt", file, "--write"])).code, OK);
    assert.equal(await Deno.readTextFile(file), out);
    assert.equal((await run(["fmt", file, "--check"])).code, OK);
    assert.equal((await run(["fmt", "-"], "a  b")).out, "a b\n");
  }));

Deno.test("a password is never an argument", async () => {
  const { code, err } = await run(["account", "add", "a@b.test"]);
  assert.equal(code, USAGE);
  assert.match(err, /--password-stdin/);
  const empty = ["account", "add", "a@b.test", "--password-stdin"];
  assert.match((await run(empty, "\n")).err, /password is empty/);
  assert.match((await run(empty, "a\nb\n")).err, /one line/);
});

Deno.test("tables are aligned", () => {
  const text = formatTable(["A", "LONG"], [["xyz", "1"], ["", "22"]]);
  assert.equal(text, "A    LONG\nxyz  1\n     22\n");
});
