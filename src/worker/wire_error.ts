/**
 * Errors across workers. The errors that callers tell apart keep their class;
 * everything else was a surprise on the far side, which has logged it under a
 * reference, and arrives as a plain error that names the reference, and what
 * the operating system calls it (`ENOSPC`).
 */
import { DnsError, type DnsErrorKind } from "#src/dns/resolver.ts";
import {
  LimitError,
  MailError,
  StorageError,
  type StorageErrorKind,
  UnavailableError,
  WireSyntaxError,
} from "#src/errors/errors.ts";
import { systemCode } from "#src/errors/system_reason.ts";
import { type Detail, type FailureCode, SmtpError } from "#src/smtp/reply.ts";

/** An error as plain data. */
export interface WireError {
  readonly kind:
    | "smtp"
    | "storage"
    | "limit"
    | "dns"
    | "syntax"
    | "unavailable"
    | "abort"
    | "other";
  readonly message: string;
  readonly data?: readonly (string | number)[];
  readonly fields?: Readonly<Record<string, unknown>>;
}

/** Turns a thrown value into data; `reference` is what the log carries. */
export function toWireError(error: unknown, reference: string): WireError {
  if (error instanceof MailError) {
    const { message } = error;
    const fields = plainFields(error.fields);
    const known = (
      kind: WireError["kind"],
      ...data: (string | number)[]
    ): WireError => ({ kind, message, data, fields });
    if (error instanceof SmtpError) {
      return known("smtp", error.code, error.detail, error.publicText);
    }
    if (error instanceof StorageError) return known("storage", error.kind);
    if (error instanceof LimitError) {
      return known("limit", error.limit, error.allowed);
    }
    if (error instanceof DnsError) return known("dns", error.kind);
    if (error instanceof WireSyntaxError) {
      return known("syntax", error.offset, error.expected);
    }
    if (error instanceof UnavailableError) return known("unavailable");
  }
  if (error instanceof DOMException && error.name === "AbortError") {
    return { kind: "abort", message: error.message };
  }
  const message = `Internal error, reference ${reference}`;
  const code = systemCode(error);
  return code === undefined
    ? { kind: "other", message }
    : { kind: "other", message, data: [code] };
}

/** Whether the far side will know the class, so that nothing is lost. */
export function isKnownError(error: unknown): boolean {
  return toWireError(error, "").kind !== "other";
}

/** The way back. */
export function fromWireError(wire: WireError): Error {
  const [first, second, third] = wire.data ?? [];
  const options = wire.fields === undefined ? {} : { fields: wire.fields };
  switch (wire.kind) {
    case "smtp":
      return new SmtpError(
        first as FailureCode,
        second as Detail,
        String(third),
        options,
      );
    case "storage":
      return new StorageError(first as StorageErrorKind, wire.message, options);
    case "limit":
      return new LimitError(String(first), Number(second), options);
    case "dns":
      return new DnsError(first as DnsErrorKind, wire.message, options);
    case "syntax":
      return new WireSyntaxError(Number(first), String(second), options);
    case "unavailable":
      return new UnavailableError(wire.message, options);
    case "abort":
      return new DOMException(wire.message, "AbortError");
    case "other": {
      const error = new Error(wire.message);
      return first === undefined
        ? error
        : Object.assign(error, { code: first });
    }
  }
}

/** Fields that survive the way: text, numbers, booleans. */
function plainFields(
  fields: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  const plain: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(fields)) {
    const type = typeof value;
    if (type === "string" || type === "number" || type === "boolean") {
      plain[name] = value;
    }
  }
  return plain;
}
