/**
 * An IMAP session for the operator: logged in as an account without its
 * password (PREAUTH, RFC 9051 section 7.1.4), over the control socket or in
 * this process. Importing and exporting speak it, and mail programs may over
 * `epistle imap`.
 */
import { SYSTEM_CLOCK } from "#src/clock/clock.ts";
import { AppendSpool } from "#src/endpoints/imap_spool.ts";
import type { StorageBackend } from "#src/imap/backend.ts";
import { MailboxViews } from "#src/imap/mailbox_views.ts";
import type { ImapServices } from "#src/imap/services.ts";
import { SessionLoop } from "#src/imap/session_loop.ts";
import { summarize } from "#src/imap/summary_builder.ts";
import type { Log } from "#src/log/log.ts";
import type { Globals } from "#src/module/globals.ts";
import type { Connection } from "#src/net/connection.ts";

/** Nobody waits for a person here. */
const IDLE_TIMEOUT_MS = 30 * 60_000;

/** What a session works on. */
export interface MailSession {
  readonly storage: StorageBackend;
  readonly account: string;
  readonly globals: Globals;
  readonly log: Log;
}

/** Serves one connection to its end. Never rejects. */
export async function serveMailSession(
  session: MailSession,
  connection: Connection,
): Promise<void> {
  const views = new MailboxViews(session.storage);
  views.start();
  try {
    const services = servicesOf(session, views);
    await new SessionLoop(services, connection, "control").run(session.account);
  } finally {
    views.stop();
  }
}

function servicesOf(
  { storage, globals, log }: MailSession,
  views: MailboxViews,
): ImapServices {
  const refused = { ok: false, reason: "badCredentials" } as const;
  return {
    backend: storage,
    views,
    auth: { checkPlain: () => Promise.resolve(refused) },
    loginLimits: { mayTry: () => false, failed() {} },
    spool: new AppendSpool(globals.spool_dir),
    settings: {
      hostname: globals.hostname,
      idleTimeoutMs: IDLE_TIMEOUT_MS,
      insecureAuth: false,
      hiddenCapabilities: new Set(),
      maxSessionsPerAccount: Infinity,
      serverId: { name: "Epistle" },
    },
    tls: undefined,
    log,
    clock: SYSTEM_CLOCK,
    sessionsOf: new Map(),
    random: (count) => crypto.getRandomValues(new Uint8Array(count)),
    summarize,
  };
}
