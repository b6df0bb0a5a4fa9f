/**
 * Modules with the names and roles of the real ones and just enough directives
 * for the golden configurations, and `sample`, which has every kind of
 * directive. The golden cases must not change when a real module learns a word.
 */
import { block, list, map, repeated } from "#src/config/compound.ts";
import type { Directive, Schema, Scope } from "#src/config/directive.ts";
import type { ConfigNode } from "#src/config/node.ts";
import { optionNodes } from "#src/config/option_nodes.ts";
import { parseBlock } from "#src/config/parse_block.ts";
import {
  address,
  cidr,
  domain,
  listenAddress,
  path,
  pattern,
} from "#src/config/places.ts";
import { duration, size } from "#src/config/quantities.ts";
import {
  bool,
  flag,
  integer,
  oneOf,
  optional,
  secret,
  string,
  words,
} from "#src/config/values.ts";
import type { AnyModule } from "#src/module/define.ts";
import { optionalRef, ref } from "#src/module/ref.ts";
import type { RoleName } from "#src/module/roles/roles.ts";

/** What is left of a step: enough to see order, references and options. */
interface FakeStep {
  readonly step: string;
  readonly options?: Readonly<Record<string, unknown>>;
  readonly steps?: readonly FakeStep[];
}

const STEP_WORDS = [
  "filter",
  "delivery",
  "match",
  "require-auth",
  "require-anonymous-auth",
  "use",
  "stop",
] as const;

const STEPS: Directive<readonly FakeStep[]> = {
  doc: "The steps.",
  syntax: "",
  defaultText: "see pipeline",
  claims: STEP_WORDS,
  absent: () => [],
  parse: parseSteps,
};

function parseSteps(
  nodes: readonly ConfigNode[],
  scope: Scope,
): readonly FakeStep[] {
  return nodes.map((node): FakeStep => {
    if (node.name === "filter" || node.name === "delivery") {
      const [name, ...rest] = node.args;
      const found = scope.referenceWithOptions(
        node.name,
        name,
        optionNodes(rest),
      );
      return { step: `${node.name} ${found.instance}`, options: found.options };
    }
    const step = [node.name, ...node.args.map(({ text }) => text)].join(" ");
    if (node.block === undefined) return { step };
    const inner = parseBlock({ steps: STEPS }, node.block, scope);
    return { step, steps: inner.config.steps };
  });
}

function fake(
  name: string,
  roles: readonly RoleName[],
  config: Schema = {},
  more: Partial<AnyModule> = {},
): AnyModule {
  return {
    name,
    version: "1.0.0",
    doc: `Stands for the module ${name}.`,
    roles,
    home: "user",
    config,
    permissions: () => ({}),
    create: () => {
      throw new Error("A fake module cannot be created");
    },
    ...more,
  };
}

const TLS = ref("certificates", { doc: "The certificates." });
const AUTH = ref("auth", { doc: "Who logs in." });

function endpoint(name: string, config: Schema): AnyModule {
  const hostname = optional(domain({ doc: "The name in the greeting." }));
  const tls_mode = optional(oneOf(["starttls", "implicit", "off"], {
    doc: "When TLS begins.",
  }));
  return fake(
    name,
    ["endpoint"],
    { hostname, tls_mode, tls: TLS, ...config },
    { listens: true, home: "endpoint" },
  );
}

const SAMPLE_SCHEMA = {
  text: optional(string({ doc: "A word." })),
  words: words({ doc: "Words.", default: [] }),
  count: integer({ doc: "A number.", default: 3, min: 1, max: 10 }),
  enabled: bool({ doc: "Yes or no.", default: false }),
  strict: flag({ doc: "A switch." }),
  wait: duration({ doc: "A duration.", default: "1h30m" }),
  limit: size({ doc: "A size.", default: "50M" }),
  action: oneOf(["reject", "quarantine", "tag"], {
    doc: "A choice.",
    default: "reject",
  }),
  report_to: optional(address({ doc: "An address." })),
  zone: optional(domain({ doc: "A domain." })),
  networks: list(cidr({ doc: "A network." }), { doc: "Nets.", default: [] }),
  connect: optional(listenAddress({ doc: "An address with its port." })),
  folder: path({ doc: "A path.", default: "sample" }),
  like: optional(pattern({ doc: "A pattern." })),
  password: optional(secret({ doc: "A secret." })),
  limits: block({
    sessions: integer({ doc: "Sessions.", default: 30 }),
    rate: integer({ doc: "A rate.", default: 100 }),
  }, { doc: "A block." }),
  rule: repeated(block({
    name: string({ doc: "The name." }),
    key: optional(secret({ doc: "A secret in a block." })),
  }, { doc: "Comes as often as wanted." })),
  headers: map(string({ doc: "A value." }), { doc: "A map." }),
  lookup: optionalRef("table", { doc: "A reference." }),
};

/** The list for `Registry.from`. */
export const FAKE_MODULES: readonly AnyModule[] = [
  endpoint("smtp", { auth: AUTH, steps: STEPS }),
  endpoint("submission", { auth: AUTH, steps: STEPS }),
  endpoint("lmtp", { steps: STEPS }),
  endpoint("imap", {
    auth: AUTH,
    storage: ref("storage", { doc: "The mailboxes." }),
  }),
  fake("sqlmail", ["storage", "auth", "delivery"], {
    driver: oneOf(["sqlite3", "postgres"], { doc: "x", default: "sqlite3" }),
    dsn: path({ doc: "The database.", default: "mail.db" }),
    blobs: ref("blobs", { doc: "Large bodies." }),
  }, { home: "storage" }),
  fake("dkim", ["filter"], {
    public: path({ doc: "Public keys.", default: "dkim" }),
    private: path({ doc: "Private keys.", default: "dkim" }),
  }, {
    options: {
      verify: bool({ doc: "Verify.", default: false }),
      sign: bool({ doc: "Sign.", default: false }),
      selector: string({ doc: "The selector.", default: "epistle" }),
    },
  }),
  fake("verify-hostname", ["filter"]),
  fake("spf", ["filter"]),
  fake("dmarc", ["filter"]),
  fake("queue", ["delivery"], {
    target: ref("delivery", { doc: "Who sends.", default: "remote" }),
  }, { home: "delivery" }),
  fake("remote", ["delivery"], {}, { home: "delivery" }),
  fake("auto", ["certificates"]),
  fake("fs", ["blobs"], {
    root: path({ doc: "Where.", default: "blobs" }),
  }, { home: "storage" }),
  fake("dnsbl", ["filter"], {
    lists: words({ doc: "Zones to ask." }),
    exempt: optionalRef("table", { doc: "Never asked about." }),
  }),
  fake("file", ["table"], { path: path({ doc: "The file." }) }),
  fake("chain", ["table", "filter"], {
    next: optionalRef("table", { doc: "Asked next." }),
  }),
  fake("sample", ["filter"], SAMPLE_SCHEMA),
];
