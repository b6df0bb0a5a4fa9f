/**
 * The directive `steps`: reads the lines of a pipeline, in the order written,
 * into plain data (`step.ts`). Conditions are read in `match_condition.ts`.
 */
import type { Directive, Scope } from "#src/config/directive.ts";
import { ConfigError } from "#src/config/errors.ts";
import { didYouMean } from "#src/config/nearest_word.ts";
import type { Arg, ConfigNode } from "#src/config/node.ts";
import { optionNodes } from "#src/config/option_nodes.ts";
import type { Detail, FailureCode } from "#src/smtp/reply.ts";
import { parseCondition } from "./match_condition.ts";
import type { Condition, Step } from "./step.ts";

/** The words that begin a step. */
export const STEP_WORDS = [
  "filter",
  "delivery",
  "match",
  "stop",
  "require-auth",
  "require-anonymous-auth",
  "reject",
  "quarantine",
  "tag",
  "rewrite",
  "use",
] as const;
type StepWord = (typeof STEP_WORDS)[number];

/** Reads the lines of one word. */
type StepParser = (node: ConfigNode, scope: Scope) => Step;

/** The pipeline of an endpoint: every line that begins with a step word. */
export function steps(options: {
  readonly doc: string;
}): Directive<readonly Step[]> {
  return {
    doc: options.doc,
    syntax: "see the steps of a pipeline",
    defaultText: "the built-in steps of this endpoint",
    claims: STEP_WORDS,
    absent: () => [],
    parse: (nodes, scope) => parseSteps(nodes, scope),
  };
}

/** Reads the lines of one block; mistakes are reported and left out. */
function parseSteps(
  nodes: readonly ConfigNode[],
  scope: Scope,
): readonly Step[] {
  const result: Step[] = [];
  for (const node of nodes) {
    try {
      result.push(parserOf(node)(node, scope));
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      scope.report(error);
    }
  }
  return result;
}

function parserOf(node: ConfigNode): StepParser {
  const word = STEP_WORDS.find((known) => known === node.name);
  if (word !== undefined) return PARSERS[word];
  throw new ConfigError(
    node.at,
    `Unknown step "${node.name}"`,
    didYouMean(node.name, STEP_WORDS) ??
      `The steps are: ${STEP_WORDS.join(", ")}`,
  );
}

const PARSERS: Readonly<Record<StepWord, StepParser>> = {
  filter(node, scope) {
    const { instance, options } = reference("filter", node, scope);
    const filter = { role: "filter", instance } as const;
    return { kind: "filter", at: node.at, filter, options };
  },
  delivery(node, scope) {
    const { instance, options } = reference("delivery", node, scope);
    const delivery = { role: "delivery", instance } as const;
    return { kind: "delivery", at: node.at, delivery, options };
  },
  match(node, scope) {
    // First, so that a wrong condition does not hide mistakes in the block.
    const inner = parseSteps(node.block ?? [], scope);
    const condition = parseCondition(node, scope);
    if (node.block === undefined) {
      throw new ConfigError(
        node.at,
        '"match" needs a block',
        "Write it as: match rcpt-domain example.org { ... }",
      );
    }
    noteDomains(condition, deliveriesOf(inner), scope);
    return { kind: "match", at: node.at, condition, steps: inner };
  },
  stop: (node) => ({ kind: "stop", at: bare(node).at }),
  "require-auth": (node) => ({ kind: "require-auth", at: bare(node).at }),
  "require-anonymous-auth": (node) => ({
    kind: "require-anonymous-auth",
    at: bare(node).at,
  }),
  reject: (node) => parseReject(withoutBlock(node)),
  quarantine(node) {
    const reason = joined(withoutBlock(node).args) || "configuration";
    return { kind: "quarantine", at: node.at, reason };
  },
  tag(node) {
    const tags = withoutBlock(node).args.map(readTag);
    if (tags.length > 0) return { kind: "tag", at: node.at, tags };
    throw new ConfigError(node.at, '"tag" needs at least one keyword');
  },
  rewrite: (node, scope) => parseRewrite(withoutBlock(node), scope),
  use(node, scope) {
    const [name, extra] = node.args;
    if (name === undefined || extra !== undefined || !node.block) {
      throw new ConfigError(
        extra?.at ?? node.at,
        '"use" needs the name of one snippet',
        "Define it at the top level: (NAME) { ... }",
      );
    }
    const inner = parseSteps(node.block, scope);
    return { kind: "use", at: node.at, name: name.text, steps: inner };
  },
};

/** Says whose mail goes where, for the default of `domains`. */
function noteDomains(
  { negate, value, patterns }: Condition,
  deliveries: readonly string[],
  scope: Scope,
): void {
  if (negate || value !== "rcpt-domain" || deliveries.length === 0) return;
  for (const pattern of patterns) {
    if (pattern.kind !== "equal" || pattern.text === "") continue;
    scope.noteDomain(pattern.text, deliveries);
  }
}

function deliveriesOf(steps: readonly Step[]): readonly string[] {
  return steps.flatMap((step) => {
    if (step.kind === "delivery") return [step.delivery.instance];
    return "steps" in step ? deliveriesOf(step.steps) : [];
  });
}

/** `NAME key=value ...` behind `filter` and `delivery`. */
function reference(
  role: "filter" | "delivery",
  node: ConfigNode,
  scope: Scope,
): ReturnType<Scope["referenceWithOptions"]> {
  const [name, ...options] = withoutBlock(node).args;
  if (name === undefined && role === "filter") {
    throw new ConfigError(node.at, '"filter" needs the name of an instance');
  }
  return scope.referenceWithOptions(
    role,
    name ?? undefined,
    optionNodes(options),
  );
}

/** Codes that make sense as the answer to a message or recipient. */
const REJECT_CODES: readonly FailureCode[] = [
  421,
  450,
  451,
  452,
  454,
  521,
  550,
  551,
  552,
  553,
  554,
  556,
];

/** Text of a `reject` that has none. */
const REJECT_TEXT = "Message refused by local policy";

/** `reject [code] [enhanced] [text]`. */
function parseReject(node: ConfigNode): Step {
  const args = [...node.args];
  const [first] = args;
  let code: FailureCode = 550;
  if (first !== undefined && !first.quoted && /^[0-9]{3}$/.test(first.text)) {
    const found = REJECT_CODES.find((known) => String(known) === first.text);
    if (found === undefined) {
      throw new ConfigError(
        first.at,
        `"${first.text}" is no code to refuse mail with`,
        `One of ${REJECT_CODES.join(", ")}`,
      );
    }
    code = found;
    args.shift();
  }
  const detail = readDetail(args, code);
  const text = joined(args) || REJECT_TEXT;
  if (!/^[\x20-\x7e]{1,400}$/.test(text)) {
    throw new ConfigError(
      args[0]?.at ?? node.at,
      "The text has to be one line of ASCII, at most 400 characters",
    );
  }
  return { kind: "reject", at: node.at, code, detail, text };
}

/** Takes `5.7.1` off the words; its class has to fit the code. */
function readDetail(args: Arg[], code: FailureCode): Detail {
  const [first] = args;
  const match = first === undefined || first.quoted
    ? null
    : /^([0-9])\.([0-9]{1,3})\.([0-9]{1,3})$/.exec(first.text);
  if (match === null || first === undefined) return "7.1";
  const [, digit, subject, detail] = match;
  if (Number(digit) !== Math.floor(code / 100)) {
    throw new ConfigError(
      first.at,
      `"${first.text}" does not fit the code ${code}`,
      `It has to begin with ${Math.floor(code / 100)}`,
    );
  }
  args.shift();
  return `${Number(subject)}.${Number(detail)}`;
}

/** An IMAP keyword: an atom that is no system flag. RFC 9051 section 9. */
function readTag(arg: Arg): string {
  if (/^[A-Za-z0-9$_.+!#&'*,/:;<=>?@^`|~-]{1,64}$/.test(arg.text)) {
    return arg.text;
  }
  throw new ConfigError(
    arg.at,
    `"${arg.text}" is not a keyword`,
    "Letters, digits, $, _ and -, at most 64",
  );
}

/** `rewrite rcpt|from TABLE`. */
function parseRewrite(node: ConfigNode, scope: Scope): Step {
  const [what, table, extra] = node.args;
  const kind = what?.text;
  if (kind !== "rcpt" && kind !== "from") {
    throw new ConfigError(
      what?.at ?? node.at,
      '"rewrite" needs rcpt or from',
      "Write it as: rewrite rcpt TABLE",
    );
  }
  if (table === undefined || extra !== undefined) {
    throw new ConfigError(extra?.at ?? node.at, '"rewrite" needs one table');
  }
  const name = { ...table, text: table.text.replace(/^table:/, "") };
  const instance = scope.reference("table", name);
  const ref = { role: "table", instance } as const;
  return { kind: "rewrite", at: node.at, what: kind, table: ref };
}

function withoutBlock(node: ConfigNode): ConfigNode {
  if (node.block === undefined) return node;
  throw new ConfigError(node.at, `"${node.name}" takes no block`);
}

function bare(node: ConfigNode): ConfigNode {
  const [extra] = withoutBlock(node).args;
  if (extra === undefined) return node;
  throw new ConfigError(
    extra.at,
    `Unexpected "${extra.text}" after "${node.name}"`,
  );
}

function joined(args: readonly Arg[]): string {
  return args.map((arg) => arg.text).join(" ");
}
