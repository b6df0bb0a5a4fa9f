/** What the reference says of each pipeline step; the compiler knows them all. */
import { STEP_WORDS } from "#src/pipeline/steps.ts";
import { MATCH_VALUES } from "#src/pipeline/step.ts";

interface StepDoc {
  readonly syntax: string;
  readonly doc: string;
}

const STEPS: Readonly<Record<(typeof STEP_WORDS)[number], StepDoc>> = {
  filter: {
    syntax: "filter INSTANCE [KEY=VALUE...]",
    doc:
      "Applies the filter. Its stages run as early as they can: an address that is blocked is refused before the message is sent.",
  },
  delivery: {
    syntax: "delivery [INSTANCE] [KEY=VALUE...]",
    doc:
      "Hands the message over and goes on with the next line: several deliveries each get it. Without a name it is the default instance of role delivery.",
  },
  match: {
    syntax: "match [no] VALUE PATTERN... { STEPS }",
    doc: "Runs the block if the condition holds; see below.",
  },
  stop: {
    syntax: "stop",
    doc: "Ends processing for these recipients.",
  },
  "require-auth": {
    syntax: "require-auth",
    doc: "Goes on only in a session that logged in; refuses all others.",
  },
  "require-anonymous-auth": {
    syntax: "require-anonymous-auth",
    doc:
      "Goes on in an anonymous session and in one that logged in as an account; refuses all others.",
  },
  reject: {
    syntax: "reject [CODE] [ENHANCED-CODE] [TEXT]",
    doc: "Refuses these recipients.",
  },
  quarantine: {
    syntax: "quarantine [REASON]",
    doc: "Marks the message as suspicious: deliveries put it into Junk.",
  },
  tag: {
    syntax: "tag KEYWORD...",
    doc: "Sets IMAP keywords on the message when it is delivered.",
  },
  rewrite: {
    syntax: "rewrite rcpt|from TABLE",
    doc:
      "Replaces addresses by what the table says: aliases, catch-all, plus addresses. One address may become several; circles end.",
  },
  use: {
    syntax: "use SNIPPET",
    doc:
      "Runs the lines of a snippet, which is defined at the top level as `(SNIPPET) { ... }`.",
  },
};

const VALUES: Readonly<Record<(typeof MATCH_VALUES)[number], string>> = {
  rcpt: "the recipient's address",
  "rcpt-domain": "the domain of the recipient's address",
  from: "the sender's address (reverse path)",
  "from-domain": "the domain of the sender's address",
  "src-ip": "the client's address; a pattern may be a network (`10.0.0.0/8`)",
  "src-hostname": "the client's verified reverse name",
  "auth-user": "the account that logged in",
  header: "`header NAME`: a header field of the message",
  tls: "holds when the session is encrypted; takes no pattern",
  local:
    "holds when the recipient's domain is one of the global `domains`; takes no pattern",
};

/** The text of the page about pipeline steps. */
export function stepsText(): string {
  const steps = STEP_WORDS.map((word) =>
    `## \`${STEPS[word].syntax}\`\n\n${STEPS[word].doc}\n`
  );
  const values = MATCH_VALUES.map((value) =>
    `| \`${value}\` | ${VALUES[value]} |`
  );
  return `# Steps of a pipeline

The lines of an endpoint's block that say what happens to mail. They run in the
order in which they are written.

${steps.join("\n")}
## Conditions

| VALUE | is |
|---|---|
${values.join("\n")}

A PATTERN is a word that has to be equal, \`/expression/\` for a match in part
(\`/expression/i\` without regard to case), or \`table:INSTANCE\`, which holds
when the table knows the value. A word in quotes is never an expression. One
pattern that holds is enough; \`no\` turns the whole condition round.

A condition on \`rcpt\`, \`rcpt-domain\` or \`local\` narrows the block to the
recipients for which it holds. All others are about the message as a whole. A
recipient that no reachable delivery takes is refused.
`;
}
