/** Every bound of the SMTP server, each with its reason. */

/** Bounds that no configuration changes. */
export const SMTP_LIMITS = {
  /**
   * Bytes of a command line with its CRLF. RFC 5321 section 4.5.3.1.4 asks for
   * 512, extensions add some hundreds (RFC 3461, RFC 6531); nobody sends 2,048.
   */
  commandLineBytes: 2048,
  /** Bytes of an AUTH line. RFC 4954 section 4.5 asks for 12,288. */
  authLineBytes: 12288,
  /** Bytes of a text line. RFC 5321 section 4.5.3.1.6: 1,000 with CRLF. */
  textLineBytes: 998,
  /** Bytes of a path without brackets. RFC 5321 section 4.5.3.1.3: 256. */
  pathBytes: 254,
  /** Bytes of the name after EHLO: a domain has 255, and some slack. */
  heloBytes: 300,
  /** Bytes of an ENVID before decoding. RFC 3461 section 4.4. */
  envidBytes: 100,
  /** Bytes of an ORCPT before decoding. RFC 3461 section 4.2. */
  orcptBytes: 500,
  /** Wrong commands after which nobody is there who speaks SMTP. FIELD.md. */
  badCommands: 10,
  /**
   * Recipients refused for good after which somebody is looking for names. A
   * message that is taken begins the count anew; lists have some stale ones.
   */
  unknownRecipients: 50,
  /** Wrong passwords after which somebody is guessing. FIELD.md. */
  authFailures: 3,
  /**
   * Bytes of a message that are gathered before it becomes a stream. Most mail
   * is smaller and then costs no stream; 1,000 sessions hold 64 MiB at most.
   */
  wholeMessageBytes: 64 * 1024,
  /** Bytes that a stream holds while its reader is busy. */
  streamBytes: 256 * 1024,
  /** Bytes of replies that are gathered for one write of a pipelining peer. */
  replyBytes: 4096,
  /**
   * Bytes of a refused message that are read to answer at its true end, as a
   * multiple of the largest message; then the connection is closed.
   */
  refusedFactor: 2,
  /** Time in which the average rate of a message does not count. */
  rateGraceMs: 60_000,
  /** How often deadlines are looked at. */
  sweepMs: 1000,
  /** Time for the TLS handshake: two round trips on a very slow line. */
  handshakeMs: 60_000,
  /** Bytes of one reply line. RFC 5321 section 4.5.3.1.5: 512 with CRLF. */
  replyLineBytes: 500,
} as const;
