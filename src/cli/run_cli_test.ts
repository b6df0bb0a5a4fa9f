import assert from "node:assert/strict";
import { dirname } from "node:path";
import { COMMANDS } from "./commands.ts";
import { FAILURE, OK, USAGE } from "./exit_code.ts";
import { runCli } from "./run_cli.ts";
import { formatTable } from "./table.ts";
import { VERSION } from "./version.ts";

/** Runs a command line; gives what it printed. */
async function run(
  args: readonly string[],
  input = "",
  secrets: string[] = [],
): Promise<{ code: number; out: string; err: string }> {
  let out = "";
  let err = "";
  const code = await runCli(args, {
    out: (text) => out += text,
    err: (text) => err += text,
    readAll: () => Promise.resolve(input),
    askSecret: () => Promise.resolve(secrets.shift() ?? ""),
    interactive: secrets.length > 0,
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
    const { error, mistakes: [first] } = JSON.parse(out);
    assert.equal(error, "2 mistakes in the configuration");
    assert.deepEqual(first, {
      file,
      line: 1,
      column: 1,
      message: 'Unknown directive "hostnam"',
      hint: 'Did you mean "hostname"?',
    });
  }));

Deno.test("help explains commands and groups, wherever it stands", async () => {
  const add = await run(["help", "account", "add"]);
  assert.equal(add.code, OK);
  assert.match(add.out, /^usage: epistle account add NAME/);
  const alias = await run(["help", "account", "alias"]);
  assert.match(alias.out, /^usage: epistle account alias COMMAND/);
  assert.doesNotMatch(alias.out, /account list/);
  const wrong = await run(["help", "acount"]);
  assert.equal(wrong.code, USAGE);
  assert.match(wrong.err, /Did you mean "account"/);
});

Deno.test("groups in groups say what is in them", async () => {
  const alias = await run(["account", "alias"]);
  assert.equal(alias.code, USAGE);
  assert.match(alias.err, /account alias remove/);
  const wrong = await run(["account", "alias", "ad", "x"]);
  assert.match(wrong.err, /Did you mean "account alias add"/);
  const far = await run(["account", "transmogrify"]);
  assert.match(far.err, /epistle account --help lists the commands/);
  const option = await run(["config", "--config", "x.conf"]);
  assert.match(option.err, /config expand/);
});

Deno.test("--config and --json may stand before the command", () =>
  withConfig("hostname mail.example.test\n", async (file) => {
    for (const config of [["--config", file], ["-c", file]]) {
      const { code, out } = await run([...config, "--json", "check"]);
      assert.equal(code, OK);
      assert.ok(JSON.parse(out).ok);
    }
    const { code, out } = await run(["--json"]);
    assert.equal(code, USAGE);
    assert.equal(JSON.parse(out).error, "Which command?");
    const wrong = await run(["--confg", file, "check"]);
    assert.match(wrong.err, /no option "--confg"\nDid you mean "--config"/);
  }));

Deno.test("wrong options say what is wrong and what was meant", async () => {
  const said = async (...args: string[]): Promise<string> => {
    const { code, err } = await run(args);
    assert.equal(code, USAGE, args.join(" "));
    return err;
  };
  assert.match(
    await said("check", "--permision"),
    /no option "--permision"\nDid you mean "--permissions"/,
  );
  assert.match(await said("check", "-x"), /no option "-x"/);
  assert.match(await said("check", "--constructor"), /no option/);
  assert.match(await said("check", "--config"), /needs a value.*FILE/);
  assert.match(
    await said("check", "-c", "--permissions"),
    /"-c" needs a value/,
  );
  assert.match(await said("check", "--json=yes"), /"--json" takes no value/);
  assert.match(
    await said("run", "my.conf"),
    /Did you mean epistle run --config my\.conf\?/,
  );
  assert.match(await said("queue", "list", "--state", "hold"), /"held"/);
});

Deno.test("a socket path that no system takes is said before the start", () =>
  withConfig(`state_dir /tmp/${"x".repeat(120)}\n`, async (file) => {
    for (const command of ["check", "run", "status"]) {
      const { code, err } = await run([command, "--config", file]);
      assert.equal(code, USAGE);
      assert.match(err, /control socket has 138 bytes/);
      assert.match(err, /Set control_socket/);
    }
  }));

Deno.test("a state folder that cannot be used ends run with 2", () =>
  withConfig("state_dir epistle.conf/state\n", async (file) => {
    const { code, err } = await run(["run", "--config", file]);
    assert.equal(code, USAGE);
    assert.match(err, /epistle\.conf\/state cannot be used/);
    assert.doesNotMatch(err, /os error/);
  }));

Deno.test("a configuration that is not there says what to do", async () => {
  const { code, err } = await run(["check", "--config", "/nowhere/x.conf"]);
  assert.equal(code, USAGE);
  assert.match(err, /\/nowhere\/x\.conf.*No such file or directory\n$/);
  assert.doesNotMatch(err, /os error/);
  const folder = await run(["check", "--config", "/"]);
  assert.match(folder.err, /configuration \/ cannot be read/);
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

Deno.test("a password is never an argument", () =>
  withConfig("state_dir state\n", async (file) => {
    const add = ["account", "add", "a@b.test", "--config", file];
    const { code, err } = await run(add);
    assert.equal(code, USAGE);
    assert.match(err, /--password-stdin/);
    const piped = [...add, "--password-stdin"];
    assert.match((await run(piped, "\n")).err, /password is empty/);
    assert.match((await run(piped, "a\nb\n")).err, /one line/);
    const typed = await run(add, "", ["one", "other"]);
    assert.match(typed.err, /two different passwords/);
  }));

Deno.test("an account is told with the name that it has got", () =>
  withConfig("hostname b.test\nstate_dir state\n", async (file) => {
    const add = (name: string): ReturnType<typeof run> =>
      run(["account", "add", name, "--config", file], "", ["pw", "pw"]);
    const bare = await add("anna");
    assert.equal(bare.out, "anna@b.test added\n");
    assert.equal(bare.err, "");
    const foreign = await add("anna@elsewhere.test");
    assert.equal(foreign.code, OK);
    assert.match(
      foreign.err,
      /elsewhere\.test is not in "domains" \(b\.test\)/,
    );
    const config = ["--config", file];
    const { out } = await run(["account", "list", "--json", ...config]);
    const names = JSON.parse(out).map(({ name }: { name: string }) => name);
    assert.deepEqual(names, ["anna@b.test", "anna@elsewhere.test"]);
  }));

Deno.test("limits of accounts are set, shown and lifted", () =>
  withConfig("hostname b.test\nstate_dir state\n", async (file) => {
    const config = ["--config", file];
    await run(["account", "add", "anna", ...config], "", ["pw", "pw"]);
    const quota = ["account", "quota", "anna", ...config];
    const listed = async (): Promise<string> =>
      (await run(["account", "list", ...config])).out;
    const limits = ["--storage", "2G", "--messages", "9"];
    assert.equal((await run([...quota, ...limits])).code, OK);
    assert.match(
      await listed(),
      /anna@b\.test +active +0 of 9 +0 B of 2\.0 GiB/,
    );
    const lift = ["--storage", "none", "--messages", "default"];
    assert.equal((await run([...quota, ...lift])).code, OK);
    assert.match(await listed(), /anna@b\.test +active +0 +0 B +-/);
    for (const wrong of [[], ["--storage", "big"], ["--messages", "1K"]]) {
      assert.equal((await run([...quota, ...wrong])).code, USAGE);
    }
  }));

Deno.test("importing nothing and exporting to nowhere are told", () =>
  withConfig("hostname b.test\nstate_dir state\n", async (file) => {
    const config = ["--config", file];
    await run(["account", "add", "anna", ...config], "", ["pw", "pw"]);
    const folder = `${dirname(file)}/empty`;
    await Deno.mkdir(folder);
    const source = ["import", "maildir", "anna", folder, ...config];
    const imported = await run(source);
    assert.equal(imported.code, FAILURE);
    assert.match(imported.err, /No mailbox was found there\n.*cur and new/);
    const target = ["export", "mbox", "anna", `${file}/mail`, ...config];
    const exported = await run(target);
    assert.equal(exported.code, FAILURE);
    assert.match(exported.err, /epistle\.conf\/mail: Not a directory\n$/);
    const nobody = await run(["export", "mbox", "bob", folder, ...config]);
    assert.match(nobody.err, /No account bob/);
  }));

Deno.test("a log that cannot be written ends run with 2", () =>
  withConfig("state_dir state\nlog {\n  output /nope/x\n}\n", async (file) => {
    const { code, err } = await run(["run", "--config", file]);
    assert.equal(code, USAGE);
    assert.match(err, /log \/nope\/x cannot be written: No such file/);
  }));

Deno.test("a database that is none is named", () =>
  withConfig("hostname b.test\nstate_dir state\n", async (file) => {
    const state = `${dirname(file)}/state`;
    await Deno.mkdir(state);
    await Deno.writeTextFile(`${state}/mail.db`, "x".repeat(5000));
    const list = await run(["account", "list", "--config", file]);
    assert.equal(list.code, FAILURE);
    assert.match(list.err, /state\/mail\.db: file is not a database\n$/);
  }));

Deno.test("tables are aligned", () => {
  const text = formatTable(["A", "LONG"], [["xyz", "1"], ["", "22"]]);
  assert.equal(text, "A    LONG\nxyz  1\n     22\n");
});
