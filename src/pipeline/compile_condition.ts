/** Conditions made ready: no pattern is read again for a message. */
import { cidrContains } from "#src/config/cidr.ts";
import { compilePattern } from "#src/config/pattern.ts";
import type { HeaderBlock } from "#src/message/header_block.ts";
import type { Host } from "#src/module/host.ts";
import type { Table } from "#src/module/roles/table.ts";
import type { Facts } from "./facts.ts";
import { comparable, domainOf } from "./mail_address.ts";
import type { Condition, MatchValue, StepPattern } from "./step.ts";

/** Whether the condition holds; `undefined`: not known yet. */
export type Truth = boolean | undefined;
export type Test = (facts: Facts) => Truth | Promise<Truth>;

/** What conditions need of their surroundings. */
export interface ConditionSettings {
  readonly host: Host;
  /** Local domains, ASCII lower case. */
  readonly domains: ReadonlySet<string>;
}

/** Makes a condition ready to run. */
export function compileCondition(
  condition: Condition,
  settings: ConditionSettings,
): Test {
  const test = positive(condition, settings);
  if (!condition.negate) return test;
  return (facts) => {
    const truth = test(facts);
    return truth instanceof Promise ? truth.then(not) : not(truth);
  };
}

function not(truth: Truth): Truth {
  return truth === undefined ? undefined : !truth;
}

function positive(condition: Condition, settings: ConditionSettings): Test {
  const { value, patterns } = condition;
  const matches = matcher(value, patterns, settings.host);
  switch (value) {
    case "rcpt":
      return ({ rcpt }) => rcpt === undefined ? undefined : matches(rcpt);
    case "rcpt-domain":
      return ({ rcpt }) =>
        rcpt === undefined ? undefined : matches(domainOf(rcpt));
    case "local":
      return ({ rcpt }) =>
        rcpt === undefined ? undefined : isLocal(rcpt, settings.domains);
    case "from":
      return ({ mailFrom }) =>
        mailFrom === undefined ? undefined : matches(mailFrom);
    case "from-domain":
      return ({ mailFrom }) =>
        mailFrom === undefined ? undefined : matches(domainOf(mailFrom));
    case "src-ip":
      return ({ session }) => matches(session.remoteAddress);
    case "src-hostname":
      return (facts) => {
        const test = (name: string | undefined): Truth | Promise<Truth> =>
          name === undefined ? undefined : matches(name);
        const name = facts.hostname();
        return name instanceof Promise ? name.then(test) : test(name);
      };
    case "tls":
      return ({ session, settled }) =>
        session.tls !== undefined ? true : settled ? false : undefined;
    case "auth-user":
      return ({ session, settled }) => {
        const account = session.identity?.account;
        if (account === undefined) return settled ? false : undefined;
        return patterns.length === 0 || matches(account);
      };
    case "header":
      return headerTest(condition, matches);
  }
}

/** Whether mailboxes of the address are here. */
export function isLocal(
  address: string,
  domains: ReadonlySet<string>,
): boolean {
  const domain = domainOf(address);
  return domain === "" || domains.has(domain);
}

type Matcher = (text: string) => boolean | Promise<boolean>;

/** Values that are compared without regard to case. */
const CASELESS: ReadonlySet<MatchValue> = new Set([
  "rcpt",
  "rcpt-domain",
  "from",
  "from-domain",
  "src-hostname",
  "auth-user",
]);

/** One function for all patterns; what is in memory is asked first. */
function matcher(
  value: MatchValue,
  patterns: readonly StepPattern[],
  host: Host,
): Matcher {
  const caseless = CASELESS.has(value);
  const fold = caseless ? comparable : (text: string): string => text;
  const equal = new Set<string>();
  const others: ((text: string) => boolean)[] = [];
  const tables: Table[] = [];
  for (const pattern of patterns) {
    switch (pattern.kind) {
      case "equal":
        equal.add(fold(pattern.text));
        break;
      case "expression":
        others.push(compilePattern(pattern));
        break;
      case "network":
        others.push((text) => cidrContains(pattern.network, text));
        break;
      case "table":
        tables.push(host.use(pattern.table));
    }
  }
  return (text) => {
    const folded = fold(text);
    if (equal.has(folded)) return true;
    if (others.some((test) => test(text))) return true;
    return tables.length > 0 && anyTable(tables, folded);
  };
}

async function anyTable(
  tables: readonly Table[],
  key: string,
): Promise<boolean> {
  for (const table of tables) {
    if (await table.lookup(key) !== undefined) return true;
  }
  return false;
}

function headerTest(condition: Condition, matches: Matcher): Test {
  const { field = "", patterns } = condition;
  const test = (header: HeaderBlock): boolean | Promise<boolean> => {
    const values = header.all(field).map((found) =>
      unfolded(header.rawValue(found))
    );
    if (patterns.length === 0) return values.length > 0;
    return anyValue(values, matches);
  };
  return (facts) => {
    const header = facts.header();
    if (header === undefined) return undefined;
    return header instanceof Promise ? header.then(test) : test(header);
  };
}

async function anyValue(
  values: readonly string[],
  matches: Matcher,
): Promise<boolean> {
  for (const value of values) if (await matches(value)) return true;
  return false;
}

/** Longest part of a field value that is compared. */
const MAX_VALUE = 10_000;

/** The value in one line without blanks around it. RFC 5322 section 2.2.3. */
function unfolded(bytes: Uint8Array): string {
  const text = new TextDecoder().decode(bytes.subarray(0, MAX_VALUE));
  return text.replace(/\r?\n/g, "").replace(/^[ \t]+|[ \t]+$/g, "");
}
