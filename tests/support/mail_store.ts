/** An instance of `sqlmail` in a temporary folder, with its parts at hand. */
import { SYSTEM_CLOCK } from "#src/clock/clock.ts";
import { FileBlobs } from "#src/blobs/fs.ts";
import type { Clock } from "#src/clock/clock.ts";
import type { MessageSummary } from "#src/imap/summary.ts";
import { SILENT_LOG } from "#src/log/log.ts";
import { MemoryBody } from "#src/message/body.ts";
import { HeaderBlock } from "#src/message/header_block.ts";
import type { Instance } from "#src/module/define.ts";
import type { Host, WorkerKind } from "#src/module/host.ts";
import { ContextValues } from "#src/module/roles/context.ts";
import type { RecipientResult } from "#src/module/roles/delivery.ts";
import type { Envelope } from "#src/module/roles/session.ts";
import type { RoleName, Roles } from "#src/module/roles/roles.ts";
import { sqlmail } from "#src/storage/sqlmail/module.ts";
import { testGlobals } from "#tests/support/test_host.ts";

/** What `openStore` can be told. */
export interface StoreOptions {
  readonly worker?: WorkerKind;
  readonly blobThreshold?: number;
  readonly clock?: Clock;
  /** Bytes. */
  readonly defaultQuota?: number;
}

/** An opened store. */
export type TestStore =
  & Instance<"storage" | "auth" | "delivery" | "admin">
  & { close(): Promise<void>; readonly blobs: FileBlobs };

/** Opens the store in a folder; makes it where it is not there. */
export async function openStore(
  folder: string,
  options: StoreOptions = {},
): Promise<TestStore> {
  await Deno.mkdir(`${folder}/blobs/tmp`, { recursive: true });
  const blobs = new FileBlobs(`${folder}/blobs`);
  const stopped = new AbortController();
  const tasks: Promise<void>[] = [];
  const host: Host = {
    instance: "sqlmail",
    worker: options.worker ?? "main",
    addresses: [],
    globals: globals(folder),
    log: SILENT_LOG,
    clock: options.clock ?? SYSTEM_CLOCK,
    resolver: undefined as unknown as Host["resolver"],
    use: <R extends RoleName>() => blobs as unknown as Roles[R],
    spawn: (_name, task) => {
      tasks.push(task(stopped.signal).catch(() => {}));
    },
  };
  const instance = await sqlmail.create({
    driver: "sqlite3",
    dsn: `${folder}/mail.db`,
    blobs: { role: "blobs", instance: "fs" },
    blob_threshold: options.blobThreshold ?? 64 * 1024,
    append_limit: 50 * 1024 * 1024,
    login_cache: 5 * 60 * 1000,
    default_quota: options.defaultQuota ?? 0,
    default_quota_messages: 0,
  }, host);
  await instance.start?.(stopped.signal);
  return {
    ...instance,
    blobs,
    async close(): Promise<void> {
      stopped.abort();
      await Promise.all(tasks);
      await instance.stop?.();
    },
  };
}

function globals(folder: string): Host["globals"] {
  return testGlobals({
    hostname: "mx.example.org",
    domains: ["example.org"],
    state_dir: folder,
    spool_dir: `${folder}/spool`,
    postmaster: "postmaster@example.org",
    storage_readers: 0,
    control_socket: `${folder}/control.sock`,
  });
}

/** A summary without meaning, for messages whose summary does not matter. */
export function plainSummary(bodyBytes: number): MessageSummary {
  const encoder = new TextEncoder();
  return {
    envelope: encoder.encode("(NIL NIL NIL NIL NIL NIL NIL NIL NIL NIL)"),
    bodyStructure: encoder.encode('("TEXT" "PLAIN" NIL NIL NIL "7BIT" 0 0)'),
    bodyBasic: encoder.encode('("TEXT" "PLAIN" NIL NIL NIL "7BIT" 0 0)'),
    structure: {
      headerStart: 0,
      bodyStart: 0,
      bodyEnd: bodyBytes,
      type: "text/plain",
      encoding: "7bit",
      charset: "utf-8",
    },
    sentAt: undefined,
    messageId: "",
    references: [],
    baseSubject: "",
    sortFrom: "",
    sortTo: "",
    sortCc: "",
    preview: "",
    hasAttachment: false,
  };
}

/** An envelope from a client that does not matter. */
export function plainEnvelope(mailFrom = "sender@elsewhere.test"): Envelope {
  return {
    id: "test",
    session: {
      id: "test",
      protocol: "smtp",
      remoteAddress: "192.0.2.1",
      remotePort: 1,
      localAddress: "192.0.2.2",
      localPort: 25,
      helo: "client.test",
      esmtp: true,
      tls: undefined,
      identity: undefined,
    },
    mailFrom,
    parameters: {},
    receivedAt: Date.UTC(2026, 0, 2, 3, 4, 5),
  };
}

/** What `deliver` can be told. */
export interface DeliverOptions {
  readonly mailFrom?: string;
  readonly values?: ContextValues;
  readonly summary?: MessageSummary;
}

/** Delivers one message; recipients that were refused stand first. */
export async function deliver(
  store: Pick<TestStore, "delivery">,
  addresses: readonly string[],
  message: { readonly header: string; readonly body: string | Uint8Array },
  options: DeliverOptions = {},
): Promise<readonly RecipientResult[]> {
  const encoder = new TextEncoder();
  const body = typeof message.body === "string"
    ? encoder.encode(message.body)
    : message.body;
  const transaction = await store.delivery.start(
    plainEnvelope(options.mailFrom),
    {
      values: options.values ?? new ContextValues(),
      options: {},
      signal: new AbortController().signal,
      log: SILENT_LOG,
    },
  );
  const refused: RecipientResult[] = [];
  for (const address of addresses) {
    const recipient = { address, original: address };
    const error = await transaction.addRecipient(recipient);
    if (error !== undefined) refused.push({ recipient, ok: false, error });
  }
  await transaction.body({
    header: new HeaderBlock(encoder.encode(message.header)),
    body: new MemoryBody(body),
    summary: options.summary ?? plainSummary(body.length),
  });
  return [...refused, ...await transaction.commit()];
}
