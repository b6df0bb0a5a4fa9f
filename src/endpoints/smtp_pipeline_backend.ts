/** What the SMTP server needs, made of a compiled pipeline and an `auth`. */
import type { Auth } from "#src/module/roles/auth.ts";
import type { Identity, SessionInfo } from "#src/module/roles/session.ts";
import type { FreeSpace } from "#src/pipeline/free_space.ts";
import type {
  CompiledPipeline,
  PipelineSession,
  PipelineTransaction,
} from "#src/pipeline/contract.ts";
import { SmtpError } from "#src/smtp/reply.ts";
import type {
  MailCommand,
  RcptCommand,
  SmtpBackend,
  SmtpBackendSession,
  SmtpSession,
  SmtpTransaction,
} from "#src/smtp/backend.ts";

/** What an endpoint has beside its pipeline. */
export interface BackendOptions {
  /** `undefined`: nobody logs in. */
  readonly auth: Auth | undefined;
  readonly space: Pick<FreeSpace, "has">;
}

/** Runs the mail of one endpoint through its pipeline. */
export class PipelineBackend implements SmtpBackend {
  readonly #protocol: SessionInfo["protocol"];
  readonly #pipeline: CompiledPipeline;
  readonly #options: BackendOptions;

  constructor(
    protocol: SessionInfo["protocol"],
    pipeline: CompiledPipeline,
    options: BackendOptions,
  ) {
    this.#protocol = protocol;
    this.#pipeline = pipeline;
    this.#options = options;
  }

  open(session: SmtpSession): SmtpBackendSession {
    const protocol = this.#protocol;
    const pipeline = this.#pipeline.open(infoOf(protocol, session));
    const { auth, space } = this.#options;
    return {
      connect: () => pipeline.connect(),
      helo: (session) => pipeline.helo(infoOf(protocol, session)),
      ...(auth === undefined ? {} : {
        login: (user: string, password: string) => login(auth, user, password),
      }),
      mail: async (session, command) => {
        await checkSpace(space, command);
        return await begin(pipeline, infoOf(protocol, session), command);
      },
      end: () => pipeline.end(),
    };
  }
}

/** Facts as they are now; plain data that nobody changes afterwards. */
function infoOf(
  protocol: SessionInfo["protocol"],
  session: SmtpSession,
): SessionInfo {
  return {
    id: session.id,
    protocol,
    remoteAddress: session.remoteAddress,
    remotePort: session.remotePort,
    localAddress: session.localAddress,
    localPort: session.localPort,
    helo: session.helo,
    esmtp: session.esmtp,
    tls: session.tls,
    // Only `login` below sets it.
    identity: session.user as Identity | undefined,
  };
}

async function login(
  auth: Auth,
  user: string,
  password: string,
): Promise<Identity | undefined> {
  const outcome = await auth.checkPlain(user, password);
  return outcome.ok ? outcome.identity : undefined;
}

/** RFC 3463 section 3.4: X.3.1, mail system full. */
async function checkSpace(
  space: BackendOptions["space"],
  { sizeBytes = 0 }: MailCommand,
): Promise<void> {
  if (await space.has(sizeBytes)) return;
  throw new SmtpError(452, "3.1", "No room for mail now, try again later");
}

async function begin(
  pipeline: PipelineSession,
  info: SessionInfo,
  command: MailCommand,
): Promise<SmtpTransaction> {
  const { address, ...parameters } = command;
  return new Message(await pipeline.mail(info, address, parameters));
}

/** One message. */
class Message implements SmtpTransaction {
  readonly #transaction: PipelineTransaction;

  constructor(transaction: PipelineTransaction) {
    this.#transaction = transaction;
  }

  get id(): string {
    return this.#transaction.id;
  }

  recipient(command: RcptCommand): Promise<void> {
    return this.#transaction.recipient({
      ...command,
      original: command.address,
    });
  }

  data(
    message: Parameters<SmtpTransaction["data"]>[0],
  ): ReturnType<SmtpTransaction["data"]> {
    return this.#transaction.data(message);
  }

  abort(): Promise<void> {
    return this.#transaction.abort();
  }
}
