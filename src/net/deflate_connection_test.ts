import assert from "node:assert/strict";
import { constants, deflateRawSync, inflateRawSync } from "node:zlib";
import { ConnectionClosed, ConnectionTimeout } from "./connection_errors.ts";
import { DeflateConnection } from "./deflate_connection.ts";
import { MemoryConnection } from "./memory_connection.ts";

const TIMEOUT_MS = 5000;
const encode = (text: string): Uint8Array => new TextEncoder().encode(text);
const decode = (bytes: Uint8Array | undefined): string =>
  new TextDecoder().decode(bytes);

/** Bytes that a peer sends, flushed so that all can be inflated. */
function compress(bytes: Uint8Array): Uint8Array {
  return deflateRawSync(bytes, { finishFlush: constants.Z_SYNC_FLUSH });
}

Deno.test("both ends understand each other, write by write", async () => {
  const [near, far] = MemoryConnection.pair();
  const a = new DeflateConnection(near);
  const b = new DeflateConnection(far);
  for (const text of ["a NOOP\r\n", "b NOOP\r\n", "x".repeat(200)]) {
    await a.write(encode(text));
    assert.equal(decode(await b.read(TIMEOUT_MS)), text);
    await b.write(encode(`* ${text}`));
    assert.equal(decode(await a.read(TIMEOUT_MS)), `* ${text}`);
  }
  await a.close();
  assert.equal(await b.read(TIMEOUT_MS), undefined);
  await b.close();
});

Deno.test("what is written is raw DEFLATE that can be inflated at once", async () => {
  const [near, far] = MemoryConnection.pair();
  const a = new DeflateConnection(near);
  await a.write(encode("* OK hello\r\n"));
  const bytes = await far.read(TIMEOUT_MS);
  assert.ok(bytes !== undefined);
  const plain = inflateRawSync(bytes, { finishFlush: constants.Z_SYNC_FLUSH });
  assert.equal(decode(plain), "* OK hello\r\n");
  a.destroy();
});

Deno.test("compressed bytes may be cut anywhere", async () => {
  const [near, far] = MemoryConnection.pair();
  const a = new DeflateConnection(near);
  const text = "a SEARCH SUBJECT hello\r\n";
  let got = "";
  for (const byte of compress(encode(text))) {
    await far.write(Uint8Array.of(byte));
  }
  while (got.length < text.length) got += decode(await a.read(TIMEOUT_MS));
  assert.equal(got, text);
  a.destroy();
});

Deno.test("a bomb is inflated only as far as it is read", async () => {
  const [near, far] = MemoryConnection.pair();
  const a = new DeflateConnection(near);
  const size = 64 * 1024 * 1024;
  const bomb = compress(new Uint8Array(size));
  assert.ok(bomb.length < 128 * 1024);
  const written = far.write(bomb);
  const first = await a.read(TIMEOUT_MS);
  assert.ok(first !== undefined && first.length <= 128 * 1024);
  let total = first.length;
  while (total < size) {
    const chunk = await a.read(TIMEOUT_MS);
    assert.ok(chunk !== undefined && chunk.length <= 128 * 1024);
    total += chunk.length;
  }
  assert.equal(total, size);
  a.destroy();
  await written;
});

Deno.test("bytes that are not DEFLATE end the connection", async () => {
  const [near, far] = MemoryConnection.pair();
  const a = new DeflateConnection(near);
  await far.write(encode("\xff\xff\xff a NOOP\r\n"));
  await assert.rejects(a.read(TIMEOUT_MS), ConnectionClosed);
  assert.ok(far.closed);
  await assert.rejects(a.write(encode("x")), ConnectionClosed);
});

Deno.test("a client that sends nothing that can be read runs into the deadline", async () => {
  const [near, far] = MemoryConnection.pair();
  const a = new DeflateConnection(near);
  await far.write(Uint8Array.of(0));
  await assert.rejects(a.read(20), ConnectionTimeout);
  a.destroy();
});

Deno.test("after silence something can be said where that is asked for", async () => {
  const [near, far] = MemoryConnection.pair();
  const a = new DeflateConnection(near);
  const b = new DeflateConnection(far);
  const silence = a.read(20, { staysOpen: true });
  await assert.rejects(silence, ConnectionTimeout);
  await a.write(encode("bye"));
  const words = await b.read(TIMEOUT_MS);
  assert.deepEqual(Uint8Array.from(words ?? []), encode("bye"));
  a.destroy();
  b.destroy();
});

Deno.test("release gives the connection back when nothing is left", async () => {
  const [near, far] = MemoryConnection.pair();
  const a = new DeflateConnection(near);
  await far.write(compress(encode("a UNAUTHENTICATE\r\n")));
  await a.read(TIMEOUT_MS);
  assert.ok(a.release());
  const [left, right] = MemoryConnection.pair();
  const b = new DeflateConnection(left);
  await right.write(compress(new Uint8Array(1024 * 1024)));
  await b.read(TIMEOUT_MS);
  assert.ok(!b.release());
  left.destroy();
  near.destroy();
});

Deno.test("a reader that waits hears of the end", async () => {
  const [near] = MemoryConnection.pair();
  const a = new DeflateConnection(near);
  const reading = a.read(TIMEOUT_MS);
  a.destroy();
  assert.equal(await reading, undefined);
});

Deno.test("a writer that waits hears of the end", async () => {
  const [near] = MemoryConnection.pair();
  const a = new DeflateConnection(near);
  const writing = a.write(encode("* OK\r\n"));
  a.destroy();
  await assert.rejects(writing, ConnectionClosed);
});
