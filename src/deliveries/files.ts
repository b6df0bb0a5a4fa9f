/** `files`: writes each message into a file of a folder. */
import type { ConfigOf } from "#src/config/directive.ts";
import { path } from "#src/config/places.ts";
import { defineModule, type Instance } from "#src/module/define.ts";
import type {
  DeliveryMessage,
  DeliveryTransaction,
  RecipientResult,
} from "#src/module/roles/delivery.ts";
import type { Envelope, Recipient } from "#src/module/roles/session.ts";

const config = {
  folder: path({ doc: "Folder for the files; it is made where it is absent." }),
};
type Config = ConfigOf<typeof config>;

/** The module `files`. */
export const files = defineModule({
  name: "files",
  version: "1.0.0",
  doc: `Writes each message into a file of a folder.

One file a message for all recipients, named by the time and the id of the
message, with Return-Path and a Delivered-To for each recipient on top. A file
is complete and synced when it appears under its name ending in \`.eml\`.`,
  roles: ["delivery"],
  home: "delivery",
  config,
  permissions: ({ folder }) => ({ read: [folder], write: [folder] }),
  prepare: ({ folder }) => Deno.mkdir(folder, { recursive: true, mode: 0o700 }),
  create: (config) => createFiles(config),
});

function createFiles({ folder }: Config): Instance<"delivery"> {
  return {
    delivery: {
      start: (envelope) =>
        Promise.resolve(new FileTransaction(folder, envelope)),
    },
  };
}

class FileTransaction implements DeliveryTransaction {
  readonly #folder: string;
  readonly #envelope: Envelope;
  readonly #recipients: Recipient[] = [];
  #message: DeliveryMessage | undefined;

  constructor(folder: string, envelope: Envelope) {
    this.#folder = folder;
    this.#envelope = envelope;
  }

  addRecipient(recipient: Recipient): Promise<undefined> {
    this.#recipients.push(recipient);
    return Promise.resolve(undefined);
  }

  body(message: DeliveryMessage): Promise<void> {
    this.#message = message;
    return Promise.resolve();
  }

  async commit(): Promise<readonly RecipientResult[]> {
    const message = this.#message;
    if (message === undefined) throw new TypeError("commit before body");
    const { id, receivedAt } = this.#envelope;
    // The id comes from us, but a name of a file must not depend on that.
    const safeId = id.replace(/[^A-Za-z0-9._-]/g, "_");
    const unique = crypto.randomUUID().slice(0, 8);
    const name = `${receivedAt}-${safeId}-${unique}`;
    const temporary = `${this.#folder}/.${name}.tmp`;
    try {
      await this.#write(temporary, message);
      await Deno.rename(temporary, `${this.#folder}/${name}.eml`);
    } catch (error) {
      await Deno.remove(temporary).catch(() => {
        // It was not there yet, or the disk is ill: the first error tells.
      });
      throw error;
    }
    await syncFolder(this.#folder);
    return this.#recipients.map((recipient) => ({ recipient, ok: true }));
  }

  abort(): Promise<void> {
    this.#message = undefined;
    return Promise.resolve();
  }

  async #write(path: string, message: DeliveryMessage): Promise<void> {
    const file = await Deno.open(path, {
      write: true,
      createNew: true,
      mode: 0o600,
    });
    try {
      await writeAll(file, this.#trace());
      await writeAll(file, message.header.bytes);
      for await (const chunk of message.body.open()) {
        await writeAll(file, chunk);
      }
      await file.sync();
    } finally {
      file.close();
    }
  }

  /** RFC 5321 section 4.4. */
  #trace(): Uint8Array {
    const lines = [
      `Return-Path: <${this.#envelope.mailFrom}>`,
      ...this.#recipients.map(({ address }) => `Delivered-To: ${address}`),
    ];
    return new TextEncoder().encode(`${lines.join("\r\n")}\r\n`);
  }
}

async function writeAll(file: Deno.FsFile, bytes: Uint8Array): Promise<void> {
  let at = 0;
  while (at < bytes.length) at += await file.write(bytes.subarray(at));
}

async function syncFolder(path: string): Promise<void> {
  const folder = await Deno.open(path, { read: true });
  try {
    await folder.sync();
  } finally {
    folder.close();
  }
}
