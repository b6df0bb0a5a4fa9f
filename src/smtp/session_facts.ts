/** The facts of a connection, as they become known. */
import type { SmtpSession } from "./backend.ts";

type Writable<T> = { -readonly [K in keyof T]: T[K] };

/** What `SmtpSession` shows; only the dialogue writes it. */
export type SessionFacts = Writable<SmtpSession>;

/** What is known when a connection is accepted. */
export interface Peers {
  readonly id: string;
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly localAddress: string;
  readonly localPort: number;
}

/** A session of which nothing else is known. */
export function newSessionFacts(peers: Peers): SessionFacts {
  return { ...peers, helo: "", esmtp: false, tls: undefined, user: undefined };
}
