/**
 * Role `endpoint`: listens and speaks a protocol.
 *
 * Contract: the instance names are listen addresses. `start` listens; `drain`
 * stops listening, tells connected clients at the next moment when the
 * protocol allows it (`421`, `BYE`) and resolves when they are gone or the
 * drain time is over; `stop` closes what is left.
 */

/** Listens and speaks a protocol. */
export interface Endpoint {
  /** Addresses listened on after `start`, with real ports, as `host:port`. */
  readonly addresses: readonly string[];
}
