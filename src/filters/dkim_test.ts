import assert from "node:assert/strict";
import { FakeResolver } from "#tests/support/fake_resolver.ts";
import { FaultyDelivery } from "#tests/support/faulty_delivery.ts";
import {
  fakeHost,
  LOGGED_IN,
  MESSAGE,
  PipelineBench,
  SESSION,
  streamOf,
} from "#tests/support/pipeline_bench.ts";
import type { Resolver } from "#src/dns/resolver.ts";
import type { Filter } from "#src/module/roles/filter.ts";
import { PASS } from "#src/module/roles/verdict.ts";
import { addAuthResult } from "#src/pipeline/auth_results.ts";
import { dkim } from "./dkim.ts";

interface Record {
  readonly name: string;
  readonly value: string;
}

async function withKeys(
  test: (folder: string, records: readonly Record[]) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    const host = fakeHost({}, folder);
    const config = configIn(folder);
    await dkim.prepare?.(config, host);
    const { admin } = await dkim.create(config, host);
    const records = await admin.call("records", {}) as readonly Record[];
    await test(folder, records);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

function configIn(folder: string): Parameters<typeof dkim.create>[0] {
  return {
    private: `${folder}/dkim`,
    public: `${folder}/dkim`,
    selector: "epistle",
    domains: [],
  };
}

async function filterIn(folder: string, resolver?: Resolver): Promise<Filter> {
  const options = resolver === undefined ? {} : { resolver };
  const host = fakeHost({}, folder, options);
  return (await dkim.create(configIn(folder), host)).filter;
}

/** The filter with options typed as the configuration would. */
function withOptions(filter: Filter, options: object): Filter {
  return {
    start: (context) => filter.start({ ...context, options: { ...options } }),
  };
}

function zoneOf(records: readonly Record[]): FakeResolver {
  return new FakeResolver(Object.fromEntries(
    records.map(({ name, value }) => [name, { txt: [[value]] }]),
  ));
}

async function signed(
  folder: string,
  message: string,
  pieces?: number,
): Promise<string> {
  const box = new FaultyDelivery();
  const sign = withOptions(await filterIn(folder), { sign: true });
  const bench = new PipelineBench("filter sign\ndelivery box", {
    filters: { sign },
    deliveries: { box },
  }, { folder });
  await bench.send(["x@elsewhere.test"], {
    session: LOGGED_IN,
    message: streamOf(message, pieces),
  });
  return box.delivered[0]?.text ?? "";
}

async function verified(message: string, resolver: Resolver): Promise<string> {
  const box = new FaultyDelivery();
  const verify = withOptions(await filterIn("/nonexistent", resolver), {
    verify: true,
  });
  const bench = new PipelineBench("filter verify\ndelivery box", {
    filters: { verify },
    deliveries: { box },
  });
  await bench.send(["a@example.org"], { session: SESSION, message });
  const text = box.delivered[0]?.text ?? "";
  return text.slice(0, text.indexOf("\r\nReceived:"));
}

const OURS = MESSAGE.replace("bob@sender.test", "alice@example.org");

Deno.test("what is signed verifies, with both keys, in every body shape", () =>
  withKeys(async (folder, records) => {
    const resolver = zoneOf(records);
    const header = OURS.slice(0, OURS.indexOf("\r\n\r\n") + 4);
    const bodies = [
      "",
      "\r\n",
      "body\r\n",
      "body",
      "body\r\n\r\n\r\n",
      "\r\n\r\nbody \t \r\n\r\nmore\r\n",
      ".".repeat(3000) + "\r\n".repeat(3000) + "end\r\n",
    ];
    for (const body of bodies) {
      for (const pieces of [undefined, 1 + body.length % 7]) {
        const text = await signed(folder, header + body, pieces);
        assert.equal(text.split("DKIM-Signature:").length, 3);
        const results = await verified(text, resolver);
        assert.match(
          results,
          /^Authentication-Results: mx\.example\.org;\r\n\tdkim=pass .*s=epistle[ ;].*;\r\n\tdkim=pass .*s=epistle-ed25519/s,
          JSON.stringify(body),
        );
      }
    }
  }));

Deno.test("a body that lies in a file is signed the same way", () =>
  withKeys(async (folder, records) => {
    const line = `${"x".repeat(70)}\r\n`;
    const text = OURS + line.repeat(20_000) + "\r\n".repeat(70_000);
    const out = await signed(folder, text, 65_537);
    assert.match(
      await verified(out, zoneOf(records)),
      /dkim=pass.*\r\n\tdkim=pass/,
    );
  }));

Deno.test("a field that decides who answers cannot be added", () =>
  withKeys(async (folder, records) => {
    const text = await signed(folder, OURS);
    const fields = ["From", "Reply-To", "To", "Cc", "Subject", "Date"];
    for (const field of fields) {
      const added = `${field}: evil@evil.test\r\n${text}`;
      const results = await verified(added, zoneOf(records));
      assert.doesNotMatch(results, /dkim=pass/, field);
    }
  }));

Deno.test("a changed body or header fails", () =>
  withKeys(async (folder, records) => {
    const text = await signed(folder, OURS);
    const resolver = zoneOf(records);
    const body = await verified(
      text.replace("\r\nbody", "\r\nbodies"),
      resolver,
    );
    assert.match(body, /dkim=(?:fail|neutral) /);
    assert.doesNotMatch(body, /dkim=pass/);
    const added = text.replace("Subject:", "Subject: other\r\nSubject:");
    assert.doesNotMatch(await verified(added, resolver), /dkim=pass/);
  }));

Deno.test("a lookup that fails for now is temperror, never pass", () =>
  withKeys(async (folder, records) => {
    const text = await signed(folder, OURS);
    const resolver = new FakeResolver(Object.fromEntries(
      records.map(({ name }) => [name, { error: "timeout" as const }]),
    ));
    const results = await verified(text, resolver);
    assert.match(results, /dkim=temperror.*dkim=temperror/s);
  }));

Deno.test("only mail of our domains or of logged-in senders is signed", () =>
  withKeys(async (folder) => {
    const elsewhere = await signed(folder, MESSAGE);
    // Alice logged in: her author domain may be signed for.
    assert.match(elsewhere, /d=sender\.test;/);
    const box = new FaultyDelivery();
    const sign = withOptions(await filterIn(folder), { sign: true });
    const bench = new PipelineBench("filter sign\ndelivery box", {
      filters: { sign },
      deliveries: { box },
    });
    await bench.send(["a@example.org"], { message: MESSAGE });
    await bench.send(["a@example.org"], { message: OURS });
    assert.deepEqual(
      box.delivered.map(({ text }) => text.includes("DKIM-Signature")),
      [false, true],
    );
  }));

Deno.test("keys are made once and kept private", () =>
  withKeys(async (folder, records) => {
    const file = `${folder}/dkim/private.pem`;
    const before = await Deno.readTextFile(file);
    await dkim.prepare?.(configIn(folder), fakeHost({}, folder));
    assert.equal(await Deno.readTextFile(file), before);
    assert.equal((await Deno.stat(file)).mode, 0o100600);
    assert.deepEqual(records.map(({ name }) => name), [
      "epistle._domainkey.example.org",
      "epistle-ed25519._domainkey.example.org",
      "epistle._domainkey.example.net",
      "epistle-ed25519._domainkey.example.net",
    ]);
  }));

Deno.test("a file with a key of another server is used as it is", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const { generateKeyPairSync } = await import("node:crypto");
    const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
    const path = `${folder}/key.pem`;
    await Deno.writeTextFile(
      path,
      privateKey.export({ format: "pem", type: "pkcs1" }).toString(),
    );
    const config = {
      private: path,
      public: `${folder}/public.pem`,
      selector: "s1",
      domains: ["example.org"],
    };
    const host = fakeHost({}, folder);
    await dkim.prepare?.(config, host);
    const { admin } = await dkim.create(config, host);
    const records = await admin.call("records", {}) as readonly Record[];
    assert.deepEqual(records.map(({ name }) => name), [
      "s1._domainkey.example.org",
    ]);
    assert.match(
      await Deno.readTextFile(`${folder}/public.pem`),
      /BEGIN PUBLIC KEY/,
    );
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("the example of RFC 8463 appendix A verifies", async () => {
  const message = [
    "DKIM-Signature: v=1; a=ed25519-sha256; c=relaxed/relaxed;",
    " d=football.example.com; i=@football.example.com;",
    " q=dns/txt; s=brisbane; t=1528637909; h=from : to :",
    " subject : date : message-id : from : subject : date;",
    " bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;",
    " b=/gCrinpcQOoIfuHNQIbq4pgh9kyIK3AQUdt9OdqQehSwhEIug4D11Bus",
    " Fa3bT3FY5OsU7ZbnKELq+eXdp1Q1Dw==",
    "DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed;",
    " d=football.example.com; i=@football.example.com;",
    " q=dns/txt; s=test; t=1528637909; h=from : to : subject :",
    " date : message-id : from : subject : date;",
    " bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;",
    " b=F45dVWDfMbQDGHJFlXUNB2HKfbCeLRyhDXgFpEL8GwpsRe0IeIixNTe3",
    " DhCVlUrSjV4BwcVcOF6+FF3Zo9Rpo1tFOeS9mPYQTnGdaSGsgeefOsk2Jz",
    " dA+L10TeYt9BgDfQNZtKdN1WO//KgIqXP7OdEFE4LjFYNcUxZQ4FADY+8=",
    "From: Joe SixPack <joe@football.example.com>",
    "To: Suzie Q <suzie@shopping.example.net>",
    "Subject: Is dinner ready?",
    "Date: Fri, 11 Jul 2003 21:00:37 -0700 (PDT)",
    "Message-ID: <20030712040037.46341.5F8J@football.example.com>",
    "",
    "Hi.",
    "",
    "We lost the game.  Are you hungry yet?",
    "",
    "Joe.",
    "",
  ].join("\r\n");
  const resolver = new FakeResolver({
    "brisbane._domainkey.football.example.com": {
      txt: [[
        "v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=",
      ]],
    },
    "test._domainkey.football.example.com": {
      txt: [[
        "v=DKIM1; k=rsa; p=MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDkHlOQoBTzWR",
        "iGs5V6NpP3idY6Wk08a5qhdR6wy5bdOKb2jLQiY/J16JYi0Qvx/byYzCNb3W91y3FutAC",
        "DfzwQ/BC/e/8uBsCR+yz1Lxj+PL6lHvqMKrM3rG4hstT5QjvHO9PzoxZyVYLzBfO2EeC3",
        "Ip3G+2kryOTIKT+l/K4w3QIDAQAB",
      ]],
    },
  });
  const results = await verified(message, resolver);
  assert.match(results, /dkim=pass.*s=brisbane.*dkim=pass.*s=test/s);
});

Deno.test("a thousand signatures cost ten look-ups", async () => {
  const signature = "DKIM-Signature: v=1; a=rsa-sha256; c=simple/simple; " +
    "d=evil.test; s=SEL; h=from; bh=x; b=x\r\n";
  const many = Array.from(
    { length: 1000 },
    (_, i) => signature.replace("SEL", `s${i}`),
  ).join("");
  const resolver = new FakeResolver();
  await verified(many + MESSAGE, resolver);
  assert.ok(resolver.queries.length <= 10, `${resolver.queries.length}`);
});

Deno.test("forged results that claim our name are removed, others stay", async () => {
  const message = "Authentication-Results: MX.example.org; dkim=pass\r\n" +
    "Authentication-Results: (x) mx.example.org 1;\r\n spf=pass\r\n" +
    "Authentication-Results: (\\() mx.example.org; x=1\r\n" +
    'Authentication-Results: "mx.ex\\ample.org"; x=2\r\n' +
    "Authentication-Results: mx.example.org.; x=3\r\n" +
    "Authentication-Results: mx.example.org/1; x=4\r\n" +
    `Authentication-Results: (${"x".repeat(3000)})mx.example.org; x=5\r\n` +
    "Authentication-Results : \r\n mx.example.org; x=6\r\n" +
    "Authentication-Results: mx.example.org\0; x=7\r\n" +
    'Authentication-Results: "mx.example.org; x=8\r\n' +
    "Authentication-Results: ; x=9\r\n" +
    `Authentication-Results: other.test; spf=pass\r\n${MESSAGE}`;
  const box = new FaultyDelivery();
  const bench = new PipelineBench("delivery box", { deliveries: { box } });
  await bench.send(["a@example.org"], { message });
  const text = box.delivered[0]?.text ?? "";
  assert.deepEqual(
    text.match(/Authentication-Results:.*/g),
    ["Authentication-Results: other.test; spf=pass"],
  );
});

Deno.test("findings stand in the order of the steps, whoever was first", async () => {
  const box = new FaultyDelivery();
  const early: Filter = {
    start: ({ values }) => ({
      sender() {
        addAuthResult(values, "x-early=pass");
        return Promise.resolve(PASS);
      },
    }),
  };
  const verify = withOptions(await filterIn("/nonexistent"), { verify: true });
  const bench = new PipelineBench("filter verify\nfilter early\ndelivery box", {
    filters: { verify, early },
    deliveries: { box },
  });
  await bench.send(["a@example.org"]);
  assert.match(
    box.delivered[0]?.text ?? "",
    /^Authentication-Results: mx\.example\.org;\r\n\tdkim=none;\r\n\tx-early=pass\r\n/,
  );
});
