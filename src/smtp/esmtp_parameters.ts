/**
 * Parameters of MAIL and RCPT. RFC 1870, RFC 3030, RFC 3461, RFC 4954 section
 * 5, RFC 6152, RFC 6531. What nobody offered is refused with 555.
 */
import type { MailCommand, RcptCommand } from "./backend.ts";
import {
  isAscii,
  tryDecodeXtext,
  tryParseDigits,
  upperAscii,
} from "./command_grammar.ts";
import { SMTP_LIMITS } from "./limits.ts";
import { REFUSALS } from "./replies.ts";

type Writable<T> = { -readonly [K in keyof T]: T[K] };
type MailDraft = Writable<MailCommand>;
type RcptDraft = Writable<RcptCommand>;

/** Puts one value into a draft; `false`: not allowed. */
type Reader<D> = (draft: D, value: string | undefined) => boolean;

const BODIES = ["7BIT", "8BITMIME", "BINARYMIME"] as const;
const NOTIFY = ["NEVER", "SUCCESS", "FAILURE", "DELAY"] as const;

const MAIL_PARAMETERS: ReadonlyMap<string, Reader<MailDraft>> = new Map<
  string,
  Reader<MailDraft>
>([
  ["SIZE", (draft, value = ""): boolean => {
    const size = tryParseDigits(value);
    if (size !== undefined) draft.sizeBytes = size;
    return size !== undefined;
  }],
  ["BODY", (draft, value = ""): boolean => {
    const body = BODIES.find((known) => known === upperAscii(value));
    if (body !== undefined) draft.body = body;
    return body !== undefined;
  }],
  ["SMTPUTF8", (draft, value): boolean => {
    draft.smtpUtf8 = true;
    return value === undefined;
  }],
  ["RET", (draft, value = ""): boolean => {
    const ret = upperAscii(value);
    if (ret !== "FULL" && ret !== "HDRS") return false;
    draft.ret = ret;
    return true;
  }],
  ["ENVID", (draft, value = ""): boolean => {
    const envid = tryDecodeXtext(value);
    if (envid === undefined || value === "") return false;
    draft.envid = envid;
    return value.length <= SMTP_LIMITS.envidBytes;
  }],
  // RFC 4954 section 5: who sent it first. Nobody here trusts a client so far.
  ["AUTH", (_, value = ""): boolean => tryDecodeXtext(value) !== undefined],
]);

const RCPT_PARAMETERS: ReadonlyMap<string, Reader<RcptDraft>> = new Map<
  string,
  Reader<RcptDraft>
>([
  ["NOTIFY", (draft, value = ""): boolean => {
    const words = value.split(",").map((word) =>
      NOTIFY.find((known) => known === upperAscii(word))
    );
    const known = words.filter((word) => word !== undefined);
    if (known.length !== words.length) return false;
    if (new Set(known).size !== known.length) return false;
    draft.notify = known;
    return known.length === 1 || !known.includes("NEVER");
  }],
  ["ORCPT", (draft, value = ""): boolean => {
    const semicolon = value.indexOf(";");
    const address = tryDecodeXtext(value.slice(semicolon + 1));
    const type = value.slice(0, Math.max(0, semicolon));
    if (!/^[A-Za-z0-9-]+$/.test(type) || !address) return false;
    draft.orcpt = `${type};${address}`;
    return value.length <= SMTP_LIMITS.orcptBytes;
  }],
]);

/** MAIL with its parameters. Throws the refusal. */
export function readMail(
  address: string,
  parameters: readonly string[],
): MailCommand {
  const draft: MailDraft = { address };
  readAll(draft, parameters, MAIL_PARAMETERS);
  if (draft.smtpUtf8 !== true && !isAscii(address)) {
    throw REFUSALS.needsSmtpUtf8();
  }
  return draft;
}

/** RCPT with its parameters. Throws the refusal. */
export function readRcpt(
  address: string,
  parameters: readonly string[],
  mail: MailCommand,
): RcptCommand {
  const draft: RcptDraft = { address };
  readAll(draft, parameters, RCPT_PARAMETERS);
  if (mail.smtpUtf8 !== true && !isAscii(address)) {
    throw REFUSALS.needsSmtpUtf8();
  }
  return draft;
}

function readAll<D>(
  draft: D,
  parameters: readonly string[],
  known: ReadonlyMap<string, Reader<D>>,
): void {
  if (parameters.length === 0) return;
  const seen = new Set<string>();
  for (const parameter of parameters) {
    const equals = parameter.indexOf("=");
    const name = upperAscii(
      equals < 0 ? parameter : parameter.slice(0, equals),
    );
    const read = known.get(name);
    if (read === undefined) throw REFUSALS.unknownParameter();
    const value = equals < 0 ? undefined : parameter.slice(equals + 1);
    if (seen.has(name) || !read(draft, value)) throw REFUSALS.badParameter();
    seen.add(name);
  }
}
