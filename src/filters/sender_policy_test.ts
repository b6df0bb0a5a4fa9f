import assert from "node:assert/strict";
import { type FakeName, FakeResolver } from "#tests/support/fake_resolver.ts";
import {
  type Delivered,
  FaultyDelivery,
} from "#tests/support/faulty_delivery.ts";
import {
  fakeHost,
  LOGGED_IN,
  MESSAGE,
  PipelineBench,
  type Sent,
  SESSION,
} from "#tests/support/pipeline_bench.ts";
import type { SessionInfo } from "#src/module/roles/session.ts";
import { dmarc } from "./dmarc.ts";
import { spf } from "./spf.ts";
import { verifyHostname } from "./verify_hostname.ts";

interface Outcome extends Sent {
  readonly copy: Delivered | undefined;
  /** Findings in Authentication-Results, without the name of the server. */
  readonly findings: readonly string[];
  readonly queries: readonly string[];
}

/** Sends one message through the three filters. */
async function run(
  zone: Readonly<Record<string, FakeName>>,
  options: {
    readonly session?: SessionInfo;
    readonly from?: string;
    readonly message?: string;
    readonly spfFail?: "none" | "refuse";
    readonly hostname?: "score" | "quarantine" | "refuse";
  } = {},
): Promise<Outcome> {
  const resolver = new FakeResolver(zone);
  const host = fakeHost({}, "/nonexistent", { resolver });
  const { spfFail = "none", hostname = "score" } = options;
  const box = new FaultyDelivery();
  const bench = new PipelineBench(
    "filter verify-hostname\nfilter spf\nfilter dmarc\ndelivery box",
    {
      filters: {
        "verify-hostname": (await verifyHostname.create(
          { action: hostname, exempt: [] },
          host,
        )).filter,
        spf: (await spf.create({ fail: spfFail, exempt: [] }, host)).filter,
        dmarc: (await dmarc.create({
          on_reject: "reject",
          on_quarantine: "quarantine",
          exempt: [],
        }, host)).filter,
      },
      deliveries: { box },
    },
    { resolver },
  );
  const sent = await bench.send(["a@example.org"], options);
  const [copy] = box.delivered;
  const field = /^Authentication-Results: mx\.example\.org;\r\n((?:\t.*\r\n)+)/
    .exec(copy?.text ?? "")?.[1] ?? "";
  const findings = field.split("\r\n").filter((line) => line !== "")
    .map((line) => line.trim().replace(/;$/, ""));
  return { ...sent, copy, findings, queries: resolver.queries };
}

const ZONE = {
  "192.0.2.7": { ptr: ["Client.test"] },
  "client.test": { a: ["192.0.2.7"] },
  "sender.test": { txt: [["v=spf1 ip4:192.0.2.7 -all"]] },
  "_dmarc.sender.test": { txt: [["v=DMARC1; p=reject"]] },
} satisfies Record<string, FakeName>;

Deno.test("mail that is what it says passes, and the results say so", async () => {
  const { results, findings, copy } = await run(ZONE);
  assert.deepEqual(results, [undefined]);
  assert.match(findings[0] ?? "", /^iprev=pass policy\.iprev=192\.0\.2\.7$/);
  assert.match(findings[1] ?? "", /^spf=pass .*smtp\.mailfrom=sender\.test/);
  assert.match(findings[2] ?? "", /^dmarc=pass .*header\.from=sender\.test/);
  assert.match(
    copy?.text ?? "",
    /\r\nReceived: from client\.test \(client\.test \[192\.0\.2\.7\]\)/,
  );
  assert.equal(copy?.quarantine, undefined);
});

Deno.test("a forged author is refused as the domain asks", async () => {
  const forged = { ...ZONE, "sender.test": { txt: [["v=spf1 -all"]] } };
  const { results, copy } = await run(forged);
  assert.deepEqual(results, ["550 5.7.1"]);
  assert.equal(copy, undefined);
});

Deno.test("quarantine goes to Junk, none goes through", async () => {
  const policy = (p: string): Record<string, FakeName> => ({
    ...ZONE,
    "sender.test": { txt: [["v=spf1 -all"]] },
    "_dmarc.sender.test": { txt: [[`v=DMARC1; p=${p}`]] },
  });
  const junk = await run(policy("quarantine"));
  assert.deepEqual(junk.results, [undefined]);
  assert.equal(junk.copy?.quarantine, "dmarc=fail");
  const none = await run(policy("none"));
  assert.equal(none.copy?.quarantine, undefined);
  assert.match(none.findings[2] ?? "", /^dmarc=fail/);
});

Deno.test("SPF of another domain does not vouch for the author", async () => {
  const zone = { ...ZONE, "evil.test": { txt: [["v=spf1 +all"]] } };
  const { results } = await run(zone, { from: "x@evil.test" });
  assert.deepEqual(results, ["550 5.7.1"]);
});

Deno.test("trouble with DNS is temperror, never pass", async () => {
  const { results, findings, copy } = await run({
    "192.0.2.7": { error: "timeout" },
    "sender.test": { error: "servfail" },
    "_dmarc.sender.test": { error: "timeout" },
  });
  assert.deepEqual(results, [undefined]);
  assert.match(findings[0] ?? "", /^iprev=temperror/);
  assert.match(findings[1] ?? "", /^spf=temperror/);
  assert.match(findings[2] ?? "", /^dmarc=temperror/);
  assert.equal(copy?.quarantine, undefined);
});

Deno.test("logged-in senders and this machine are not asked about", async () => {
  const sessions: SessionInfo[] = [
    LOGGED_IN,
    { ...SESSION, remoteAddress: "127.0.0.1" },
    { ...SESSION, remoteAddress: "::1" },
    { ...SESSION, remoteAddress: "10.1.2.3" },
  ];
  for (const session of sessions) {
    const outcome = await run({}, {
      session,
      hostname: "refuse",
      spfFail: "refuse",
    });
    assert.deepEqual(outcome.results, [undefined]);
    assert.deepEqual(outcome.findings, []);
    // At HELO nobody has logged in yet: only that look-up may have happened.
    assert.ok(outcome.queries.every((query) => /^(?:ptr|a) /.test(query)));
  }
});

Deno.test("spf and verify-hostname refuse at MAIL where told to", async () => {
  const bySpf = await run(
    { ...ZONE, "sender.test": { txt: [["v=spf1 -all"]] } },
    { spfFail: "refuse" },
  );
  assert.equal(bySpf.mail?.enhanced, "5.7.23");
  const noName = await run({}, { hostname: "refuse" });
  assert.deepEqual([noName.mail?.code, noName.mail?.enhanced], [550, "5.7.25"]);
  const unknown = await run(
    { "192.0.2.7": { error: "timeout" } },
    { hostname: "refuse" },
  );
  assert.deepEqual([unknown.mail?.code, unknown.mail?.enhanced], [
    451,
    "4.7.25",
  ]);
  const junk = await run({}, { hostname: "quarantine" });
  assert.equal(junk.copy?.quarantine, "iprev=permerror");
});

Deno.test("a name that does not point back confirms nothing", async () => {
  const { findings, copy } = await run({
    "192.0.2.7": { ptr: ["client.test"] },
    "client.test": { a: ["198.51.100.99"] },
  });
  assert.match(findings[0] ?? "", /^iprev=fail \(HELO name does not point/);
  assert.match(copy?.text ?? "", /from client\.test \(\[192\.0\.2\.7\]\)/);
});

Deno.test("two From fields or none go to Junk", async () => {
  const two = await run(ZONE, {
    message: `From: <a@other.test>\r\n${MESSAGE}`,
  });
  assert.equal(two.copy?.quarantine, "dmarc=permerror");
  const none = await run(ZONE, { message: "Subject: x\r\n\r\nbody\r\n" });
  assert.equal(none.copy?.quarantine, "dmarc=permerror");
});
