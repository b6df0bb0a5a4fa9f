/** Mail of another IMAP server. */
import { ImapFlow, type ListResponse } from "imapflow";
import { CliError } from "../exit_code.ts";
import type { MailSource, SourceFolder, SourceMessage } from "./mail_source.ts";

/** Messages asked for at once. */
const BATCH_MESSAGES = 100;

/** How to reach the other server. */
export interface RemoteMail {
  readonly host: string;
  readonly port: number;
  /** TLS from the first byte; else STARTTLS where the server has it. */
  readonly secure: boolean;
  readonly user: string;
  readonly password: string;
  /** Accept any certificate: for a server that one is about to leave. */
  readonly insecure: boolean;
}

/** Connects and logs in. */
export async function openRemoteMail(remote: RemoteMail): Promise<MailSource> {
  const client = new ImapFlow({
    host: remote.host,
    port: remote.port,
    secure: remote.secure,
    auth: { user: remote.user, pass: remote.password },
    tls: { rejectUnauthorized: !remote.insecure },
    disableAutoIdle: true,
    logger: false,
  });
  // Told again by whatever was asked for.
  client.on("error", () => {});
  try {
    await client.connect();
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new CliError(`${remote.host} does not let us in: ${reason}`);
  }
  return {
    identity: `imap ${remote.user}@${remote.host}:${remote.port}`,
    folders: () => foldersOf(client),
    async close(): Promise<void> {
      await client.logout();
    },
  };
}

async function* foldersOf(
  client: ImapFlow,
): AsyncGenerator<SourceFolder, void> {
  for (const box of await client.list()) {
    if (box.flags.has("\\Noselect") || box.flags.has("\\NonExistent")) continue;
    const { specialUse } = box;
    yield {
      name: nameOf(box),
      specialUse: specialUse === "\\Inbox" ? undefined : specialUse,
      count: undefined,
      messages: (isDone) => messagesOf(client, box.path, isDone),
    };
  }
}

function nameOf({ path, delimiter }: ListResponse): string {
  if (/^inbox$/i.test(path)) return "INBOX";
  const levels = delimiter === "" ? [path] : path.split(delimiter);
  return levels.map((level) => level.replaceAll("/", "-")).join("/");
}

async function* messagesOf(
  client: ImapFlow,
  path: string,
  isDone: (key: string) => boolean = () => false,
): AsyncGenerator<SourceMessage, void> {
  const lock = await client.getMailboxLock(path, { readOnly: true });
  try {
    const { mailbox } = client;
    if (mailbox === false) return;
    const keyOf = (uid: number): string => `${mailbox.uidValidity}.${uid}`;
    const found = await client.search({ all: true }, { uid: true });
    const all = found === false || found === undefined ? [] : found;
    for (const uid of all) {
      if (isDone(keyOf(uid))) yield doneMessage(keyOf(uid));
    }
    const uids = all.filter((uid) => !isDone(keyOf(uid)));
    for (let from = 0; from < uids.length; from += BATCH_MESSAGES) {
      const some = uids.slice(from, from + BATCH_MESSAGES);
      yield* batchOf(client, some, keyOf);
    }
  } finally {
    lock.release();
  }
}

/** One that an earlier run has brought: it is not fetched again. */
function doneMessage(key: string): SourceMessage {
  return {
    key,
    flags: [],
    date: undefined,
    bytes: () => Promise.reject(new TypeError("The message is here already")),
  };
}

async function* batchOf(
  client: ImapFlow,
  uids: readonly number[],
  keyOf: (uid: number) => string,
): AsyncGenerator<SourceMessage, void> {
  const query = { uid: true, flags: true, internalDate: true, source: true };
  const messages = client.fetch([...uids], query, { uid: true });
  for await (const message of messages) {
    const { uid, flags, internalDate, source } = message;
    if (source === undefined) continue;
    const date = internalDate === undefined
      ? undefined
      : new Date(internalDate);
    yield {
      key: keyOf(uid),
      flags: [...flags ?? []].filter((flag) => flag !== "\\Recent"),
      date,
      bytes: () => Promise.resolve(new Uint8Array(source)),
    };
  }
}
