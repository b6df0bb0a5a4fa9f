/**
 * Role `certificates`: gives key and certificate by server name.
 *
 * Contract: `get` answers from memory and is fast. `undefined` as server name
 * asks for the default. When something is renewed, `onChange` listeners are
 * called; holders of TLS contexts then ask again.
 */

/** A certificate chain with its private key, PEM. */
export interface Certificate {
  /** Leaf first. */
  readonly chain: string;
  readonly key: string;
}

/** Gives TLS certificates. */
export interface Certificates {
  get(serverName: string | undefined): Promise<Certificate | undefined>;
  /** Calls `listener` after a renewal; returns how to stop that. */
  onChange(listener: () => void): () => void;
}
