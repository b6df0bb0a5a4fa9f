/** Replies of other servers as our errors. RFC 5321 section 4.2, RFC 2034. */
import { type Detail, type FailureCode, SmtpError } from "#src/smtp/reply.ts";

const CODES: ReadonlySet<number> = new Set<FailureCode>([
  421,
  450,
  451,
  452,
  454,
  455,
  500,
  501,
  502,
  503,
  504,
  521,
  523,
  530,
  534,
  535,
  538,
  550,
  551,
  552,
  553,
  554,
  555,
  556,
]);

/** Text kept of a reply: what fits into a report and a log line. */
const MAX_TEXT = 480;

/**
 * The error of a reply that refuses, lines joined, made fit to be shown. A code
 * that we do not know becomes the general one of its class; what is no reply
 * at all is temporary.
 */
export function errorOfReply(reply: string, host: string): SmtpError {
  const lines = reply.slice(0, 8_192).split("\n");
  const code = Number.parseInt(/^[45][0-9]{2}/.exec(reply)?.[0] ?? "0", 10);
  let detail: Detail = "0.0";
  const texts = lines.map((line) => {
    const match =
      /^[0-9]{3}[ -]?(?:([245])\.([0-9]{1,3})\.([0-9]{1,3})(?:[ ]|$))?(.*)$/
        .exec(line);
    if (match === null) return line;
    const [, digit, subject, number, text = ""] = match;
    if (digit === String(Math.floor(code / 100))) {
      detail = `${Number(subject)}.${Number(number)}`;
    }
    return text;
  });
  const text = texts.join(" ")
    .replace(/[^\x21-\x7e]+/g, " ")
    .trim()
    .slice(0, MAX_TEXT);
  const fields = { fields: { host } };
  if (code === 0) {
    return new SmtpError(451, "5.0", `Unexpected answer: ${text}`, fields);
  }
  return new SmtpError(knownCode(code), detail, text || "Refused", fields);
}

function knownCode(code: number): FailureCode {
  if (CODES.has(code)) return code as FailureCode;
  return code < 500 ? 451 : 554;
}
