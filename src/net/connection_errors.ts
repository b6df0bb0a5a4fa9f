/** Why a connection ended. */
import { MailError } from "#src/errors/errors.ts";

/** Nothing was read, or nothing could be written, in time. */
export class ConnectionTimeout extends MailError {}

/** The peer is gone, or the connection was closed on this side. */
export class ConnectionClosed extends MailError {}

/** The handshake failed, or plain bytes stood where TLS had to begin. */
export class TlsError extends MailError {}
