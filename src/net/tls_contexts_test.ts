import assert from "node:assert/strict";
import { makeAuthority, makeLeaf } from "#src/certificates/make_certificate.ts";
import { type KeyPair, TlsContexts } from "./tls_contexts.ts";

function keyPair(name: string): KeyPair {
  const now = Date.now();
  const leaf = makeLeaf(makeAuthority("Test", now, 10), [name], now, 10);
  return { chain: leaf.certificate, key: leaf.key };
}

/** A source whose pairs a test exchanges. */
class FakeSource {
  pairs = new Map<string | undefined, KeyPair>();
  asked = 0;
  readonly listeners = new Set<() => void>();

  get(name: string | undefined): Promise<KeyPair | undefined> {
    this.asked++;
    return Promise.resolve(this.pairs.get(name));
  }

  onChange(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  change(): void {
    for (const listener of this.listeners) listener();
  }
}

Deno.test("each name has its context, made once; others have the default", async () => {
  const source = new FakeSource();
  source.pairs.set(undefined, keyPair("a.test"));
  source.pairs.set("b.test", keyPair("b.test"));
  const contexts = new TlsContexts(source);
  await contexts.start();
  const [b, again, other] = [
    await contexts.context("B.test"),
    await contexts.context("b.test"),
    await contexts.context("c.test"),
  ];
  assert.ok(b);
  assert.equal(again, b);
  assert.notEqual(b, contexts.defaultContext);
  assert.equal(other, contexts.defaultContext);
  assert.equal(await contexts.context(undefined), contexts.defaultContext);
  assert.equal(source.asked, 3);
  contexts.stop();
  assert.equal(source.listeners.size, 0);
});

Deno.test("after a change there are new contexts, the default one too", async () => {
  const source = new FakeSource();
  source.pairs.set(undefined, keyPair("a.test"));
  const contexts = new TlsContexts(source);
  await contexts.start();
  const before = await contexts.context("a.test");
  source.pairs.set(undefined, keyPair("a.test"));
  source.change();
  await new Promise((resolve) => setTimeout(resolve));
  assert.notEqual(contexts.defaultContext, before);
  assert.equal(await contexts.context("a.test"), contexts.defaultContext);
  contexts.stop();
});

Deno.test("a change that can not be used keeps what there is", async () => {
  const source = new FakeSource();
  source.pairs.set(undefined, keyPair("a.test"));
  const errors: unknown[] = [];
  const contexts = new TlsContexts(source, (error) => errors.push(error));
  await contexts.start();
  const before = contexts.defaultContext;
  source.pairs.set(undefined, { chain: "nonsense", key: "nonsense" });
  source.change();
  await new Promise((resolve) => setTimeout(resolve));
  assert.equal(errors.length, 1);
  assert.equal(contexts.defaultContext, before);
  contexts.stop();
});

Deno.test("a start without a usable certificate fails", async () => {
  const source = new FakeSource();
  source.pairs.set(undefined, { chain: "nonsense", key: "nonsense" });
  await assert.rejects(new TlsContexts(source).start());
});

Deno.test("a key of another certificate is not taken", async () => {
  const source = new FakeSource();
  const { chain } = keyPair("a.test");
  source.pairs.set(undefined, { chain, key: keyPair("a.test").key });
  await assert.rejects(new TlsContexts(source).start(), /key is not that/);
});
