/**
 * From steps to a pipeline that can be run, with or without a socket. The
 * semantics are those of `docs/architecture.md` section 4.
 */
import type { Host } from "#src/module/host.ts";
import type {
  Envelope,
  MailParameters,
  Recipient,
  SessionInfo,
} from "#src/module/roles/session.ts";
import type { MessageSource } from "#src/smtp/backend.ts";
import type { SmtpError } from "#src/smtp/reply.ts";
import { compileSteps } from "./compile_steps.ts";
import { Connection } from "./connection.ts";
import type {
  CompiledPipeline,
  PipelineSession,
  PipelineTransaction,
} from "./contract.ts";
import { faultReply } from "./fault.ts";
import { MessageIds } from "./message_ids.ts";
import { PartialDeliveries } from "./partial_deliveries.ts";
import type { PipelineCore } from "./pipeline_core.ts";
import { PIPELINE_LIMITS, type PipelineSettings } from "./settings.ts";
import type { Step } from "./step.ts";
import { sweepSpool } from "./spool_file.ts";
import { Transaction } from "./transaction.ts";

/**
 * Makes a pipeline of the steps. Pure: nothing is opened before the first
 * message. References are resolved through `host.use`.
 */
export function compilePipeline(
  steps: readonly Step[],
  host: Host,
  settings: PipelineSettings,
): CompiledPipeline {
  const { globals } = host;
  const domains = new Set(globals.domains);
  const { ops, needsHeader } = compileSteps(steps, {
    host,
    domains,
    relayFor: settings.open_relay === true || settings.kind === "local"
      ? "anybody"
      : "known",
  });
  const checked = settings.sender_check === true ? settings.auth : undefined;
  const core: PipelineCore = {
    host,
    ops,
    needsHeader,
    hostname: settings.hostname ?? globals.hostname,
    domains,
    submission: settings.submission === true,
    perRecipient: settings.kind === "lmtp" || settings.kind === "local",
    auth: checked === undefined ? undefined : host.use(checked),
    spool: {
      folder: globals.spool_dir,
      maxBytes: settings.max_size ?? PIPELINE_LIMITS.messageBytes,
      releaseChunks: true,
    },
    partials: new PartialDeliveries(
      globals.spool_dir,
      host.log,
      () => host.clock.now(),
    ),
    ids: new MessageIds(),
  };
  return new Pipeline(core);
}

/** Spool files of a process that is gone are older than this. */
const STALE_MS = 24 * 60 * 60 * 1000;

/** Removes what a killed process left in the spool. At start. */
export async function cleanSpool(host: Host): Promise<void> {
  const now = host.clock.now();
  const folder = host.globals.spool_dir;
  const removed = await sweepSpool(folder, now - STALE_MS);
  if (removed > 0) host.log.info("spool files removed", { removed });
  await new PartialDeliveries(folder, host.log, () => now).sweep();
}

class Pipeline implements CompiledPipeline {
  readonly #core: PipelineCore;

  constructor(core: PipelineCore) {
    this.#core = core;
  }

  open(session: SessionInfo): PipelineSession {
    return new Session(this.#core, session);
  }

  async run(
    envelope: Envelope,
    recipients: readonly Recipient[],
    message: MessageSource,
  ): Promise<readonly (SmtpError | undefined)[]> {
    const core = { ...this.#core, perRecipient: true };
    const connection = new Connection(envelope.session, core.ops, core.host);
    const transaction = new Transaction(core, connection, envelope);
    try {
      const refusals = await refusalsOf(transaction, recipients, core);
      if (refusals.every((refusal) => refusal !== undefined)) {
        if (!(message instanceof Uint8Array)) await message.cancel();
        return refusals;
      }
      const results = [...await transaction.data(message)];
      return refusals.map((refusal) => refusal ?? results.shift());
    } finally {
      await transaction.abort();
      await connection.end();
    }
  }
}

/** MAIL and RCPT; one refusal or nothing for each recipient. */
async function refusalsOf(
  transaction: Transaction,
  recipients: readonly Recipient[],
  core: PipelineCore,
): Promise<readonly (SmtpError | undefined)[]> {
  try {
    await transaction.begin();
  } catch (error) {
    const reply = faultReply(error, core.host.log);
    return recipients.map(() => reply);
  }
  const refusals: (SmtpError | undefined)[] = [];
  for (const recipient of recipients) {
    try {
      await transaction.recipient(recipient);
      refusals.push(undefined);
    } catch (error) {
      refusals.push(faultReply(error, core.host.log));
    }
  }
  return refusals;
}

class Session implements PipelineSession {
  readonly #core: PipelineCore;
  readonly #connection: Connection;

  constructor(core: PipelineCore, session: SessionInfo) {
    this.#core = core;
    this.#connection = new Connection(session, core.ops, core.host);
  }

  connect(): Promise<void> {
    return this.#connection.connect();
  }

  helo(session: SessionInfo): Promise<void> {
    return this.#connection.helo(session);
  }

  async mail(
    session: SessionInfo,
    mailFrom: string,
    parameters: MailParameters,
  ): Promise<PipelineTransaction> {
    const { host, ids } = this.#core;
    this.#connection.session = session;
    const receivedAt = host.clock.now();
    const id = ids.next(receivedAt);
    const transaction = new Transaction(this.#core, this.#connection, {
      id,
      session,
      mailFrom,
      parameters,
      receivedAt,
    });
    try {
      await transaction.begin();
    } catch (error) {
      await transaction.abort();
      throw faultReply(error, host.log);
    }
    return transaction;
  }

  end(): void {
    this.#connection.end().catch((error: unknown) => {
      this.#core.host.log.error("connection failed to end", { error });
    });
  }
}
