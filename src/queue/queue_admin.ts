/** Commands for people: `epistle queue list|show|retry|drop`. */
import { StorageError } from "#src/errors/errors.ts";
import type { Admin } from "#src/module/roles/admin.ts";
import type { Envelope } from "#src/module/roles/session.ts";
import type { QueueEngine } from "./engine.ts";
import type { MessageView, RecipientView } from "./queued.ts";
import { lastReplyOf, recipientOf } from "./store.ts";

/** Messages listed where no `limit` is given. */
const DEFAULT_LIMIT = 1_000;
const PAGE = 200;

type Args = Readonly<Record<string, unknown>>;

/**
 * - `list { domain?, state?, limit? }`: messages, oldest first
 * - `show { id }`: one message with its header
 * - `retry { id }` or `retry { all: true }`: due now, held ones too
 * - `drop { id, recipient? }`: removed without a report
 */
export class QueueAdmin implements Admin {
  readonly #engine: () => QueueEngine;

  constructor(engine: () => QueueEngine) {
    this.#engine = engine;
  }

  // deno-lint-ignore require-await -- a mistake has to be a rejection
  async call(command: string, args: Args): Promise<unknown> {
    switch (command.replace(/^queue\./, "")) {
      case "list":
        return this.#list(args);
      case "show":
        return this.#show(args);
      case "retry":
        return this.#retry(args);
      case "drop":
        return this.#drop(args);
      default:
        throw new StorageError("invalid", `Unknown command "${command}"`);
    }
  }

  #list(args: Args): readonly MessageView[] {
    const limit = typeof args["limit"] === "number"
      ? args["limit"]
      : DEFAULT_LIMIT;
    const { domain, state } = args;
    const wanted = (view: RecipientView): boolean =>
      (typeof state !== "string" || view.state === state) &&
      (typeof domain !== "string" ||
        view.address.toLowerCase().endsWith(`@${domain.toLowerCase()}`));
    const views: MessageView[] = [];
    let after = 0;
    while (views.length < limit) {
      const rows = this.#engine().store.page(after, PAGE);
      for (const row of rows) {
        after = Number(row["key"]);
        const view = this.#view(row);
        if (view.recipients.some(wanted) && views.length < limit) {
          views.push(view);
        }
      }
      if (rows.length < PAGE) break;
    }
    return views;
  }

  #show(args: Args): unknown {
    const key = this.#key(args);
    const { store } = this.#engine();
    const [row] = store.page(key - 1, 1);
    const message = store.load(key);
    if (row === undefined || message === undefined) throw notFound();
    return {
      ...this.#view(row),
      header: new TextDecoder().decode(message.header),
    };
  }

  async #retry(args: Args): Promise<unknown> {
    const engine = this.#engine();
    const key = args["all"] === true ? undefined : this.#key(args);
    // Now as the clock of the engine has it, which decides what is due.
    const lanes = await engine.retry(key);
    return { lanes };
  }

  async #drop(args: Args): Promise<unknown> {
    const { recipient } = args;
    const engine = this.#engine();
    const dropped = await engine.store.drop(
      this.#key(args),
      typeof recipient === "string" ? recipient : undefined,
      engine.leased,
    );
    return { dropped };
  }

  #key(args: Args): number {
    const { id } = args;
    if (typeof id !== "string") {
      throw new StorageError("invalid", "Which message? Give its id");
    }
    const key = this.#engine().store.keyOf(id);
    if (key === undefined) throw notFound();
    return key;
  }

  #view(row: Readonly<Record<string, unknown>>): MessageView {
    const envelope = JSON.parse(String(row["envelope"])) as Envelope;
    const rows = this.#engine().store.recipientRows(Number(row["key"]));
    return {
      id: String(row["id"]),
      envelope_id: envelope.id,
      from: envelope.mailFrom,
      size: Number(row["size"]),
      created: iso(row["created_at"]),
      expires: iso(row["expires_at"]),
      route: row["route"] === "bounce" ? "bounce" : "target",
      recipients: rows.map((recipient) => this.#recipientView(recipient)),
    };
  }

  #recipientView(row: Readonly<Record<string, unknown>>): RecipientView {
    const { key, recipient, attempts } = recipientOf(row);
    const reply = lastReplyOf(row);
    return {
      address: recipient.address,
      original: recipient.original,
      state: this.#engine().leased.has(key)
        ? "sending"
        : row["state"] === "held"
        ? "held"
        : "queued",
      attempts,
      next_attempt: iso(row["next_at"]),
      last_reply: reply === undefined
        ? null
        : `${reply.code} ${
          Math.floor(reply.code / 100)
        }.${reply.detail} ${reply.text}`,
      last_host: reply?.host ?? null,
      notify: recipient.notify ?? null,
    };
  }
}

function notFound(): StorageError {
  return new StorageError("notFound", "No such message in the queue");
}

function iso(ms: unknown): string {
  return new Date(Number(ms)).toISOString();
}
