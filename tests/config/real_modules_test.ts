/** The real modules: the smallest files, the example, the printed form. */
import assert from "node:assert/strict";
import { renderErrors } from "#src/config/render_errors.ts";
import { memorySource } from "#src/config/memory_source.ts";
import type { Configuration } from "#src/module/configuration.ts";
import { loadConfiguration } from "#src/module/load_configuration.ts";
import { printExpanded } from "#src/module/print_expanded.ts";
import { Registry } from "#src/module/registry.ts";
import { MODULES } from "#src/modules.ts";

const MACHINE = { hostname: "machine.test", cores: 2, folder: "/etc/epistle" };

function load(text: string, file = "epistle.conf"): Configuration {
  const registry = Registry.from(MODULES);
  const source = memorySource({ [file]: text });
  const loaded = loadConfiguration(source, file, registry, MACHINE);
  if (!loaded.ok) assert.fail(renderErrors(loaded.errors, loaded.sources));
  return loaded.configuration;
}

function addresses({ instances }: Configuration): readonly string[] {
  return [...instances.values()].flatMap((each) => each.addresses).toSorted();
}

/** The example in the golden case is that of ARCHITECTURE section 2. */
function example(): string {
  const url = new URL("example_of_architecture.conftest", import.meta.url);
  return Deno.readTextFileSync(url).split("\n----------", 1)[0] ?? "";
}

const BARE = "hostname example.org\n";

Deno.test("a bare hostname is MX, submission and IMAP", () => {
  assert.deepEqual(addresses(load(BARE)), [
    "0.0.0.0:143",
    "0.0.0.0:25",
    "0.0.0.0:465",
    "0.0.0.0:587",
    "0.0.0.0:993",
    "[::]:143",
    "[::]:25",
    "[::]:465",
    "[::]:587",
    "[::]:993",
  ]);
});

Deno.test("a step-less smtp with a hostname brings submission and IMAP", () => {
  const small = load("smtp 127.0.0.1:25 { hostname example.org }\n");
  assert.equal(small.globals.hostname, "example.org");
  assert.equal(addresses(small).length, 9);
});

Deno.test("the example of the architecture works as it stands", () => {
  const { instances } = load(example());
  assert.deepEqual(addresses(load(example())), ["0.0.0.0:25", "0.0.0.0:993"]);
  assert.ok(instances.has("outgoing-queue"));
});

Deno.test("without domains, what goes into mailboxes alone is ours", () => {
  const ours = (steps: string, globals = ""): readonly string[] =>
    load(`hostname mx.test
${globals}
smtp 127.0.0.1:25 {
  ${steps}
  delivery sqlmail
}
`).globals.domains;
  assert.deepEqual(load(example()).globals.domains, [
    "machine.test",
    "emersion.fr",
  ]);
  assert.deepEqual(
    ours("match rcpt-domain A.test b.test { match tls { delivery sqlmail } }"),
    ["mx.test", "a.test", "b.test"],
  );
  for (
    const steps of [
      "match rcpt-domain a.test { delivery outgoing-queue }",
      "match rcpt-domain a.test {\n delivery sqlmail\n delivery outgoing-queue }",
      "match no rcpt-domain a.test { delivery sqlmail }",
      "match rcpt-domain /a.test/ { delivery sqlmail }",
      "match from-domain a.test { delivery sqlmail }",
      "match rcpt-domain a.test { reject }",
    ]
  ) {
    assert.deepEqual(ours(steps), ["mx.test"], steps);
  }
  assert.deepEqual(
    ours("match rcpt-domain a.test { delivery sqlmail }", "domains mx.test"),
    ["mx.test"],
  );
});

Deno.test("what config expand prints is the same configuration", () => {
  const registry = Registry.from(MODULES);
  for (const text of [BARE, example()]) {
    const first = printExpanded(load(text), registry);
    assert.equal(printExpanded(load(first), registry), first);
  }
});

Deno.test("every directive and option of every module is documented", () => {
  for (const { name, config, options } of MODULES) {
    for (const schema of [config, options ?? {}]) {
      for (const [key, directive] of Object.entries(schema)) {
        const { doc } = directive as { readonly doc: string };
        assert.match(doc, /^\S[^]*[.`)]$/, `${name} ${key}: a sentence`);
      }
    }
  }
});

Deno.test("a wrong condition does not hide the mistakes in its block", () => {
  const text = `hostname mx.test
smtp 127.0.0.1:25 {
  match rcpt-domian a.test {
    delivery sqlmial
  }
}
`;
  const loaded = loadConfiguration(
    memorySource({ "epistle.conf": text }),
    "epistle.conf",
    Registry.from(MODULES),
    MACHINE,
  );
  assert.ok(!loaded.ok);
  assert.deepEqual(loaded.errors.map(({ at }) => [at.line, at.column]), [
    [3, 9],
    [4, 14],
  ]);
});
