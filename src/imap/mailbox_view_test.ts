/** When the shared view reads the change log, and when it needs not. */
import assert from "node:assert/strict";
import type {
  MailboxChanges,
  MailboxStatus,
  StorageBackend,
  StoreOutcome,
} from "./backend.ts";
import { MailboxView } from "./mailbox_view.ts";

const NO_CHANGES = {
  keywords: [],
  uids: new Uint32Array(),
  modSeqs: new Float64Array(),
  flags: new Float64Array(),
  expunged: new Uint32Array(),
  deleted: false,
};

function status(highestModSeq: number, unseen = 2): MailboxStatus {
  return {
    messages: 2,
    unseen,
    deleted: 0,
    sizeBytes: 20,
    deletedBytes: 0,
    uidNext: 3,
    uidValidity: 1,
    highestModSeq,
    firstRecentUid: 3,
  };
}

/** A view of two messages at mod-sequence 10, and a log that is counted. */
function bench(log: () => MailboxChanges): {
  readonly view: MailboxView;
  readonly reads: () => number;
} {
  let reads = 0;
  const backend = {
    changes: () => {
      reads++;
      return Promise.resolve(log());
    },
  } as unknown as StorageBackend;
  const view = new MailboxView(backend, 1, {
    status: status(10),
    keywords: [],
    uids: Uint32Array.of(1, 2),
    modSeqs: Float64Array.of(9, 10),
    flags: Float64Array.of(0, 0),
  });
  return { view, reads: () => reads };
}

/** STORE of \Seen on the first message. */
function stored(before: number, unseen: number): StoreOutcome {
  return {
    uids: Uint32Array.of(1),
    modSeqs: Float64Array.of(before + 1),
    flags: Float64Array.of(1),
    modified: new Uint32Array(),
    keywords: [],
    step: { before, status: status(before + 1, unseen) },
  };
}

Deno.test("our own change is known without reading the log, whenever its hint comes", async () => {
  for (const order of ["hint first", "outcome first"]) {
    const { view, reads } = bench(() => assert.fail("read"));
    if (order === "hint first") view.hint(11);
    view.applyStore(stored(10, 1));
    if (order !== "hint first") view.hint(11);
    assert.ok(!view.stale, order);
    await view.catchUp();
    assert.equal(reads(), 0);
    assert.equal(view.flagsAt(0), 1);
    assert.equal(view.status.unseen, 1);
  }
});

Deno.test("what others did before our change is read", async () => {
  const { view, reads } = bench(() => ({
    ...NO_CHANGES,
    status: status(12, 0),
    uids: Uint32Array.of(1, 2),
    modSeqs: Float64Array.of(12, 11),
    flags: Float64Array.of(1, 1),
  }));
  view.hint(11);
  view.applyStore(stored(11, 0));
  view.hint(12);
  assert.ok(view.stale);
  await view.catchUp();
  assert.equal(reads(), 1);
  assert.deepEqual([view.flagsAt(0), view.flagsAt(1)], [1, 1]);
  assert.ok(!view.stale);
});

Deno.test("what others did after our change is read", async () => {
  const { view, reads } = bench(() => ({
    ...NO_CHANGES,
    status: status(12, 0),
    uids: Uint32Array.of(2),
    modSeqs: Float64Array.of(12),
    flags: Float64Array.of(1),
  }));
  view.hint(12);
  view.applyStore(stored(10, 1));
  assert.ok(view.stale);
  await view.catchUp();
  assert.equal(reads(), 1);
  assert.equal(view.flagsAt(1), 1);
});

Deno.test("what is gone before its log was read counts as a change", async () => {
  const { view } = bench(() => ({ ...NO_CHANGES, status: status(11) }));
  assert.ok(view.isUnchangedSince(10));
  view.applyExpunged(Uint32Array.of(7));
  assert.ok(view.isUnchangedSince(10));
  // A client that comes now with mod-sequence 10 has to be told.
  view.applyExpunged(Uint32Array.of(2));
  assert.ok(!view.isUnchangedSince(10));
  await view.catchUp();
  assert.ok(!view.isUnchangedSince(10));
  assert.ok(view.isUnchangedSince(11));
});
