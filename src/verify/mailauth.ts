/**
 * The parts of `mailauth` that are used, typed, and loaded when the first
 * message needs them: an idle server does without their memory.
 */
import { Buffer } from "node:buffer";
import type { NodeResolve } from "./resolver_adapter.ts";
import { wholeLines } from "./whole_lines.ts";

/** One look-up of SPF. */
export interface SpfQuestion {
  /** Empty for the null sender: then HELO is checked. */
  readonly sender: string;
  readonly ip: string;
  readonly helo: string;
  readonly mta: string;
  readonly resolver: NodeResolve;
  readonly maxElapsedTime: number;
}

/** What SPF said. RFC 7208 section 2.6. */
export interface SpfAnswer {
  readonly status: { readonly result: string };
  /** The domain that was checked. */
  readonly domain: string;
  /** `resinfo` for Authentication-Results. */
  readonly info: string;
}

/** Checks SPF. RFC 7208. */
export async function checkSpf(question: SpfQuestion): Promise<SpfAnswer> {
  const { spf } = await import("mailauth/lib/spf/index.js");
  // Strict: what is reported is the identity that was checked, nothing else.
  return await spf({ ...question, strict: true } as Parameters<typeof spf>[0]);
}

/** What became of one signature. RFC 8601 section 2.7.1. */
export interface DkimAnswer {
  readonly status: { readonly result: string; readonly comment?: string };
  readonly signingDomain?: string;
  readonly selector?: string;
  readonly info: string;
  /** Bytes of the body that the signature does not cover. */
  readonly underSized?: number;
}

/** Everything that is learned while signatures are verified. */
export interface DkimAnswers {
  readonly results: readonly DkimAnswer[];
}

interface Verifier {
  emitHeaders(chunk: Uint8Array): Promise<void>;
  nextChunk(chunk: Uint8Array): Promise<void>;
  finalChunk(): Promise<void>;
  readonly results: readonly DkimAnswer[];
}

/**
 * Verifies the signatures of a message. RFC 6376, RFC 8301, RFC 8463. The
 * verifier is fed at its inner interface: header and body are told apart here
 * already, and lines end with CRLF, so that its pass over every byte is saved.
 */
export async function verifyDkim(
  header: Uint8Array,
  body: AsyncIterable<Uint8Array>,
  resolver: NodeResolve,
): Promise<DkimAnswers> {
  const module: unknown = await import("mailauth/lib/dkim/dkim-verifier.js");
  const { DkimVerifier } = module as {
    readonly DkimVerifier: new (options: {
      readonly resolver: NodeResolve;
      readonly minBitLength: number;
      readonly rejectRsaSha1: boolean;
    }) => Verifier;
  };
  const verifier = new DkimVerifier({
    resolver,
    minBitLength: 1024,
    rejectRsaSha1: true,
  });
  await verifier.emitHeaders(asBuffer(header));
  for await (const chunk of wholeLines(body)) {
    await verifier.nextChunk(asBuffer(chunk));
  }
  await verifier.finalChunk();
  return { results: verifier.results };
}

/** A view of the same memory; the library expects a `Buffer`. */
function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** One look-up of DMARC. */
export interface DmarcQuestion {
  /** Addresses in the From field. */
  readonly headerFrom: readonly string[];
  /** Number of From fields. */
  readonly fromFields: number;
  readonly spfDomains: readonly { readonly domain: string }[];
  readonly dkimDomains: readonly {
    readonly domain: string;
    readonly underSized?: number;
  }[];
  readonly resolver: NodeResolve;
}

/** What DMARC said. `response` is false where there is no author domain. */
export interface DmarcAnswer {
  readonly response: false | {
    readonly status: { readonly result: string };
    readonly policy?: string;
    readonly domain?: string;
    readonly info: string;
  };
  readonly reason?: string;
}

/** Checks DMARC. RFC 9989. */
export async function checkDmarc(
  question: DmarcQuestion,
): Promise<DmarcAnswer> {
  const { evaluateDmarc } = await import("mailauth/lib/dmarc/index.js");
  return await evaluateDmarc(
    question as unknown as Parameters<typeof evaluateDmarc>[0],
  ) as DmarcAnswer;
}
