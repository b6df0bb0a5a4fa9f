import assert from "node:assert/strict";
import type { SessionInfo } from "#src/module/roles/session.ts";
import type { Table } from "#src/module/roles/table.ts";
import { FakeResolver } from "#tests/support/fake_resolver.ts";
import { FaultyDelivery } from "#tests/support/faulty_delivery.ts";
import {
  codes,
  LOGGED_IN,
  PipelineBench,
  SESSION,
} from "#tests/support/pipeline_bench.ts";

const DNS = new FakeResolver({
  "192.0.2.7": { ptr: ["mail.partner.test"] },
  "mail.partner.test": { a: ["192.0.2.7"] },
  "192.0.2.8": { ptr: ["mail.partner.test"] },
  "192.0.2.9": { error: "timeout" },
});

const friends: Table = {
  lookup: (key) =>
    Promise.resolve(
      ["bob@sender.test", "192.0.2.7"].includes(key) ? [] : undefined,
    ),
};

/** Whether the block is taken. */
async function holds(
  condition: string,
  options: { session?: SessionInfo; from?: string; to?: string } = {},
): Promise<boolean | string> {
  const box = new FaultyDelivery();
  const bench = new PipelineBench(
    `match ${condition} {
       delivery box
     }`,
    { deliveries: { box }, tables: { friends } },
    { resolver: DNS },
  );
  const to = options.to ?? "alice@example.org";
  const { refused, mail } = await bench.send([to], options);
  if (mail !== undefined) return codes(mail);
  const answer = refused[to];
  return answer?.startsWith("4") ? answer : box.delivered.length === 1;
}

const at = (remoteAddress: string): { session: SessionInfo } => ({
  session: { ...SESSION, remoteAddress },
});

Deno.test("each value is compared as it should be", async () => {
  const cases: readonly (readonly [
    string,
    Parameters<typeof holds>[1],
    boolean | string,
  ])[] = [
    ["rcpt ALICE@example.org", {}, true],
    ["rcpt bob@example.org carol@example.org", {}, false],
    ["no rcpt bob@example.org", {}, true],
    ["rcpt /^ali/", {}, true],
    ["rcpt-domain EXAMPLE.org.", {}, true],
    ["rcpt-domain /example/", { to: "a@sub.example.net" }, true],
    ["rcpt-domain example.org", { to: "a@sub.example.org" }, false],
    ["rcpt-domain bücher.example", { to: "a@xn--bcher-kva.example" }, true],
    ["rcpt-domain xn--bcher-kva.example", { to: "a@BÜCHER.example" }, true],
    ["local", {}, true],
    ["local", { to: "x@elsewhere.test" }, false],
    ["no local", { to: "x@elsewhere.test" }, true],
    ["from bob@SENDER.test", {}, true],
    ['from ""', { from: "" }, true],
    ['from ""', {}, false],
    ["from-domain sender.test", {}, true],
    ["from table:friends", {}, true],
    ["from table:friends", { from: "eve@sender.test" }, false],
    ["src-ip 192.0.2.0/24", {}, true],
    ["src-ip 198.51.100.0/24 2001:db8::/32", {}, false],
    ["src-ip 2001:db8::/32", at("2001:db8::25"), true],
    ["src-ip table:friends", {}, true],
    ["src-ip /^192/", {}, true],
    ["src-hostname mail.partner.test", {}, true],
    ["src-hostname /partner\\.test$/", {}, true],
    ["src-hostname mail.partner.test", at("192.0.2.8"), false],
    ["src-hostname mail.partner.test", at("192.0.2.99"), false],
    ["src-hostname mail.partner.test", at("192.0.2.9"), "451 4.4.3"],
    ["tls", {}, false],
    ["tls", { session: LOGGED_IN }, true],
    ["no tls", {}, true],
    ["auth-user", {}, false],
    ["auth-user", { session: LOGGED_IN }, true],
    ["auth-user ALICE@example.org", { session: LOGGED_IN }, true],
    ["no auth-user alice@example.org", { session: LOGGED_IN }, false],
  ];
  for (const [condition, options, expected] of cases) {
    const label = `${condition} ${JSON.stringify(options)}`;
    assert.equal(await holds(condition, options), expected, label);
  }
});
