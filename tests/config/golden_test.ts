/**
 * Golden configurations: each `*.conftest` beside this file is one case.
 *
 *     # what the case shows (comment lines, not part of the input)
 *     @env NAME=value          a variable of the environment
 *     @file lists/a.conf       what follows is another file
 *     input
 *     ---------- tree|config|errors|format|expand
 *     expected
 *
 * The first file is `epistle.conf`, or what the first `@file` says. With
 * EPISTLE_UPDATE_GOLDEN=1 in the environment the expected part is written anew.
 */
import assert from "node:assert/strict";
import { formatConfig } from "#src/config/format_config.ts";
import type { ConfigNode } from "#src/config/node.ts";
import { readTree } from "#src/config/read_tree.ts";
import { renderErrors } from "#src/config/render_errors.ts";
import { memorySource } from "#src/config/memory_source.ts";
import type { ConfigSource } from "#src/config/source.ts";
import type { Configuration } from "#src/module/configuration.ts";
import { loadConfiguration } from "#src/module/load_configuration.ts";
import { printExpanded } from "#src/module/print_expanded.ts";
import { Registry } from "#src/module/registry.ts";
import { FAKE_MODULES } from "./fake_modules.ts";

const FOLDER = new URL(".", import.meta.url);
const SEPARATOR = /^---------- (tree|config|errors|format|expand)$/;
const MACHINE = { hostname: "machine.test", cores: 3, folder: "/etc/epistle" };
const REGISTRY = Registry.from(FAKE_MODULES);

interface Case {
  readonly kind: string;
  readonly source: ConfigSource;
  readonly main: string;
  readonly text: string;
  readonly expected: string;
}

function parseCase(text: string): Case {
  const files = new Map<string, string[]>();
  const env: Record<string, string> = {};
  const lines = text.split("\n");
  let current = "epistle.conf";
  let index = 0;
  while (lines[index]?.startsWith("#")) index++;
  for (; index < lines.length; index++) {
    const line = lines[index] ?? "";
    const kind = SEPARATOR.exec(line)?.[1];
    if (kind !== undefined) {
      const entries = [...files].map(([name, content]) =>
        [name, content.map((each) => `${each}\n`).join("")] as const
      );
      const [main = "epistle.conf", input = ""] = entries[0] ?? [];
      const source = memorySource(Object.fromEntries(entries), env);
      const expected = lines.slice(index + 1).join("\n");
      return { kind, source, main, text: input, expected };
    }
    const variable = /^@env (\w+)=(.*)$/.exec(line);
    const file = /^@file (.+)$/.exec(line)?.[1];
    if (variable !== null) env[variable[1] ?? ""] = variable[2] ?? "";
    else if (file !== undefined) files.set(current = file, []);
    else if (files.has(current)) files.get(current)?.push(line);
    else files.set(current, [line]);
  }
  throw new Error("The case has no line of ten dashes and a kind");
}

function outcome({ kind, source, main, text }: Case): string {
  if (kind === "tree") {
    const { nodes, errors, sources } = readTree(source, main);
    return errors.length > 0
      ? renderErrors(errors, sources)
      : dumpTree(nodes, 0);
  }
  if (kind === "format") {
    const once = formatConfig(text, main);
    if (!once.ok) return renderErrors(once.errors, new Map([[main, text]]));
    const twice = formatConfig(once.text, main);
    assert.deepEqual(twice, once, "formatting twice gives the same text");
    return once.text;
  }
  const loaded = loadConfiguration(source, main, REGISTRY, MACHINE);
  if (!loaded.ok) return renderErrors(loaded.errors, loaded.sources);
  const { configuration } = loaded;
  if (kind === "config") return dumpConfiguration(configuration);
  const expanded = printExpanded(configuration, REGISTRY);
  assertSame(expanded, configuration);
  return expanded;
}

/** What `config expand` prints must mean what the file meant. */
function assertSame(expanded: string, configuration: Configuration): void {
  const source = memorySource({ "expanded.conf": expanded });
  const again = loadConfiguration(source, "expanded.conf", REGISTRY, MACHINE);
  if (!again.ok) {
    assert.fail(`${renderErrors(again.errors, again.sources)}\n${expanded}`);
  }
  const secrets = /"(password|key)": "[^"]*"/g;
  assert.equal(
    dumpConfiguration(again.configuration).replace(secrets, "$1"),
    dumpConfiguration(configuration).replace(secrets, "$1"),
  );
}

function dumpTree(nodes: readonly ConfigNode[], depth: number): string {
  return nodes.map((node) => {
    const words = [
      JSON.stringify(node.name),
      ...node.args.map(({ text, at, quoted }) =>
        `${JSON.stringify(text)}@${at.column}${quoted ? "q" : ""}`
      ),
    ];
    const place = `${node.at.file}:${node.at.line}:${node.at.column}`;
    const brace = node.block === undefined ? "" : " {}";
    return `${"  ".repeat(depth)}${place} ${words.join(" ")}${brace}\n` +
      dumpTree(node.block ?? [], depth + 1);
  }).join("");
}

function dumpConfiguration({ globals, instances }: Configuration): string {
  const { hostname, domains, state_dir, tls } = globals;
  const parts = [JSON.stringify({ hostname, domains, state_dir, tls })];
  const names = [...instances.keys()].toSorted();
  for (const name of names) {
    const instance = instances.get(name);
    if (instance === undefined) continue;
    const { module, aliases, addresses, config, references } = instance;
    const also = [...aliases, ...addresses].filter((each) => each !== name);
    const users = references.map(({ role, to }) => `${role} ${to}`);
    parts.push(
      [module.name, name, ...also].join(" ") +
        ` ${JSON.stringify(config, plain, 2)}` +
        (users.length > 0 ? `\n  uses ${users.join(", ")}` : ""),
    );
  }
  return `${parts.join("\n")}\n`;
}

function plain(_key: string, value: unknown): unknown {
  return value instanceof Map ? Object.fromEntries(value) : value;
}

for (const entry of [...Deno.readDirSync(FOLDER)].toSorted(byName)) {
  if (!entry.name.endsWith(".conftest")) continue;
  Deno.test(`golden configuration ${entry.name}`, () => {
    const url = new URL(entry.name, FOLDER);
    const text = Deno.readTextFileSync(url);
    const test = parseCase(text);
    const actual = outcome(test);
    if (Deno.env.get("EPISTLE_UPDATE_GOLDEN") === "1") {
      const head = text.slice(0, text.length - test.expected.length);
      Deno.writeTextFileSync(url, head + actual);
      return;
    }
    assert.equal(actual, test.expected);
  });
}

function byName(a: Deno.DirEntry, b: Deno.DirEntry): number {
  return a.name < b.name ? -1 : 1;
}
