/** NOTIFY where a transcript can not go: faults, bounds, filters. RFC 5465. */
import assert from "node:assert/strict";
import { StorageError } from "#src/errors/errors.ts";
import type { ChangeHint, MailboxInfo } from "./backend.ts";
import { MAX_NOTIFY_ANNOTATIONS, MAX_NOTIFY_MAILBOXES } from "./limits.ts";
import { MailboxViews } from "./mailbox_views.ts";
import { nameChanges } from "./name_changes.ts";
import type { MetadataPower, StoragePowers } from "./powers.ts";
import { until } from "#tests/support/until.ts";
import { MemoryStorage } from "#tests/support/memory_storage.ts";
import {
  type ImapTestClient,
  type ImapTestServer,
  message,
  withImap,
} from "#tests/support/imap_server.ts";

async function login(server: ImapTestServer): Promise<ImapTestClient> {
  const client = await server.connect();
  await client.ok("LOGIN alice secret");
  return client;
}

/** Has many mailboxes when it is told to. */
class WideStorage extends MemoryStorage {
  isWide = false;

  override async listMailboxes(
    account: number,
  ): Promise<readonly MailboxInfo[]> {
    const list = await super.listMailboxes(account);
    const [first] = list;
    if (!this.isWide || first === undefined) return list;
    return Array.from(
      { length: MAX_NOTIFY_MAILBOXES + 1 },
      (_, n) => ({ ...first, id: n + 1, name: `m${n}` }),
    );
  }
}

Deno.test("too many mailboxes are not watched, from the start or later", () => {
  const backend = new WideStorage();
  return withImap(async (server) => {
    const c = await login(server);
    backend.isWide = true;
    assert.match(
      await c.run("NOTIFY SET (personal (MailboxName))"),
      /^T\d+ NO \[NOTIFICATIONOVERFLOW\]/,
    );
    backend.isWide = false;
    await c.ok("NOTIFY SET (personal (MailboxName))");
    backend.isWide = true;
    const other = await login(server);
    await other.ok("CREATE x");
    assert.match(await c.line(), /^\* OK \[NOTIFICATIONOVERFLOW\]/);
    backend.isWide = false;
    await other.ok("CREATE y");
    assert.match(await c.ok("NOOP"), /^T\d+ OK/);
  }, { backend, views: new MailboxViews(backend) });
});

Deno.test("filters: subtree, mailboxes, subscribed", () =>
  withImap(async (server) => {
    const c = await login(server);
    const other = await login(server);
    for (const name of ["a", "a/b", "ab", "c", "d"]) {
      await other.ok(`CREATE ${name}`);
    }
    await other.ok("SUBSCRIBE d");
    await c.ok(
      "NOTIFY SET (subtree a (MessageNew MessageExpunge)) " +
        "(mailboxes (c) (MessageNew MessageExpunge)) " +
        "(subscribed (MessageNew MessageExpunge))",
    );
    for (const name of ["ab", "INBOX", "a", "a/b", "c", "d"]) {
      await other.append(message("x"), name);
    }
    for (const name of ["a", "a/b", "c", "d"]) {
      assert.equal(
        await c.line(),
        `* STATUS "${name}" (UIDNEXT 2 MESSAGES 1 UIDVALIDITY ${
          { a: 1001, "a/b": 1002, c: 1004, d: 1005 }[name]
        })`,
      );
    }
    assert.match(await c.ok("NOOP"), /^T\d+ OK/);
  }));

Deno.test("a store that can not be read now costs no event", () =>
  withImap(async (server) => {
    const c = await login(server);
    await c.ok("NOTIFY SET (personal (MessageNew MessageExpunge))");
    const other = await login(server);
    // The first to look is APPEND itself.
    let looks = 0;
    server.storage.onCall = (method) => {
      if (method === "findMailbox" && ++looks === 2) {
        throw new StorageError("busy", "Later");
      }
    };
    await other.append(message("x"));
    await until("the notifier has looked", () => looks === 2);
    assert.match(
      await c.ok("NOOP"),
      /^\* STATUS "INBOX" \(UIDNEXT 2 MESSAGES 1/,
    );
  }));

Deno.test("events do not break the continuation of a literal", () =>
  withImap(async (server) => {
    const c = await server.select();
    await c.ok(
      "NOTIFY SET (selected (MessageNew (UID BODY.PEEK[]) MessageExpunge))",
    );
    const other = await login(server);
    const gate = Promise.withResolvers<void>();
    server.storage.onCall = (method) =>
      method === "fetch" ? gate.promise : undefined;
    const text = message("x", "y".repeat(20_000));
    await other.append(text);
    // The command comes while the response is being made.
    await c.raw("a LOGIN {5}\r\n");
    gate.resolve();
    const response = await c.until("+ ");
    assert.match(response, /^\* 1 EXISTS\r\n\* \d RECENT\r\n\* 1 FETCH/);
    assert.ok(response.includes(`${text})\r\n+ Ready`), response);
    await c.raw("alice x\r\n");
    assert.match(await c.line(), /^a BAD/);
  }));

Deno.test("a NOTIFY takes the place of the one before, LOGOUT ends it", () =>
  withImap(async (server) => {
    const c = await login(server);
    await c.ok("NOTIFY SET (personal (MailboxName))");
    await c.ok("NOTIFY SET (personal (SubscriptionChange))");
    const other = await login(server);
    await other.ok("CREATE x");
    await other.ok("SUBSCRIBE x");
    assert.match(await c.line(), /^\* LIST \(\\HasNoChildren \\Subscribed\)/);
    assert.match(await c.ok("UNAUTHENTICATE"), /^T\d+ OK/);
    await other.ok("UNSUBSCRIBE x");
    assert.match(await c.ok("NOOP"), /^T\d+ OK/);
    await c.ok("LOGIN alice secret");
    await c.ok("LOGOUT");
  }));

Deno.test("a renamed mailbox is one change, its children none", () => {
  const info = (id: number, name: string, more = ""): MailboxInfo => ({
    id,
    name,
    specialUse: undefined,
    subscribed: more === "subscribed",
    status: undefined,
    objectId: `${id}`,
  });
  const changes = nameChanges(
    [info(1, "a"), info(2, "a/b"), info(3, "c", "subscribed"), info(4, "e")],
    [info(1, "x"), info(2, "x/b"), info(3, "c"), info(5, "e")],
  );
  assert.deepEqual(
    changes.map(({ event, listed, oldName }) => [event, listed.name, oldName]),
    [
      ["MailboxName", "x", "a"],
      ["MailboxName", "e", undefined],
      ["SubscriptionChange", "c", undefined],
    ],
  );
});

/** Has annotations, of which it only says that they have changed. */
class AnnotatedStorage extends MemoryStorage {
  readonly powers: StoragePowers = {
    metadata: {
      get: () => Promise.resolve([]),
      set: (request) => {
        this.asked.push(request);
        return Promise.resolve();
      },
    },
  };
  readonly asked: Parameters<MetadataPower["set"]>[0][] = [];
  readonly #heard = new Set<(hint: ChangeHint) => void>();

  override watch(listener: (hint: ChangeHint) => void): () => void {
    const stop = super.watch(listener);
    this.#heard.add(listener);
    return () => {
      stop();
      this.#heard.delete(listener);
    };
  }

  annotate(mailbox: number | undefined, names: string[], by?: string): void {
    const changes = names.map((name) => ({ name, reader: undefined }));
    for (const listener of this.#heard) {
      listener({
        account: 1,
        mailbox,
        modSeq: 0,
        annotations: { changes, by },
      });
    }
  }
}

function withAnnotated(
  test: (server: ImapTestServer, backend: AnnotatedStorage) => Promise<void>,
): Promise<void> {
  const backend = new AnnotatedStorage();
  const views = new MailboxViews(backend);
  return withImap((server) => test(server, backend), { backend, views });
}

Deno.test("more annotations than can wait end NOTIFY, and nothing else", () =>
  withAnnotated(async (server, backend) => {
    const box = backend.addMailbox("alice", "Box");
    const c = await login(server);
    const names = Array.from(
      { length: MAX_NOTIFY_ANNOTATIONS },
      (_, n) => `/shared/x${n}`,
    );
    await c.ok("NOTIFY SET (personal (MailboxMetadataChange MailboxName))");
    // Twice the same is one; those of the server nobody asked for.
    backend.annotate(box, names);
    backend.annotate(box, names);
    backend.annotate(undefined, ["/shared/server"]);
    assert.equal(await c.line(), `* METADATA "Box" ${names.join(" ")}`);
    backend.annotate(box, names);
    backend.annotate(box, ["/shared/more"]);
    assert.match(await c.line(), /^\* OK \[NOTIFICATIONOVERFLOW\]/);
    backend.annotate(box, ["/shared/more"]);
    assert.match(await c.ok("NOOP"), /^T\d+ OK/);
  }));

Deno.test("annotations of unknown mailboxes wake nobody, of new ones they do", () =>
  withAnnotated(async (server, backend) => {
    const c = await login(server);
    await c.ok("NOTIFY SET (personal (MailboxMetadataChange))");
    backend.annotate(4711, ["/shared/x"]);
    let lists = 0;
    backend.onCall = (method) => {
      if (method === "listMailboxes") lists++;
    };
    assert.match(await c.ok("NOOP"), /^T\d+ OK/);
    assert.equal(lists, 0);
    const other = await login(server);
    await other.ok("CREATE new");
    const { id } = await backend.findMailbox(1, "new");
    backend.annotate(id, ["/shared/x"]);
    assert.equal(await c.line(), '* METADATA "new" /shared/x');
  }));

Deno.test("a client is not told of annotations that it has set itself", () =>
  withAnnotated(async (server, backend) => {
    const c = await login(server);
    await c.ok("SETMETADATA INBOX (/shared/x {1+}\r\ny)");
    assert.equal(backend.asked[0]?.by, undefined);
    await c.ok("NOTIFY SET (personal (ServerMetadataChange))");
    await c.ok("SETMETADATA INBOX (/shared/x {1+}\r\ny)");
    const by = backend.asked[1]?.by;
    assert.match(by ?? "", /^[0-9a-f]{16}$/);
    backend.annotate(undefined, ["/shared/own"], by);
    backend.annotate(undefined, ["/shared/x"], "0123456789abcdef");
    assert.equal(await c.line(), '* METADATA "" /shared/x');
  }));

Deno.test("without METADATA there are no events of it", () =>
  withImap(async (server) => {
    const c = await login(server);
    assert.match(
      await c.run("NOTIFY SET (personal (MailboxMetadataChange))"),
      /^T\d+ NO \[BADEVENT \([^)]*SubscriptionChange\)\]/,
    );
  }));
