import assert from "node:assert/strict";
import { FaultyDelivery } from "#tests/support/faulty_delivery.ts";
import {
  LOGGED_IN,
  PipelineBench,
  SESSION,
} from "#tests/support/pipeline_bench.ts";
import type { SessionInfo } from "#src/module/roles/session.ts";
import type { PipelineSettings } from "./settings.ts";

const STRANGER = "x@elsewhere.test";

/** A delivery that sends on to other hosts. */
class Relay extends FaultyDelivery {
  readonly relays = true;
}

/** What becomes of a recipient of another domain. */
async function outcome(
  steps: string,
  session: SessionInfo = SESSION,
  settings: Partial<PipelineSettings> = {},
): Promise<"accepted" | "refused"> {
  const deliveries = { queue: new Relay() };
  const bench = new PipelineBench(steps, { deliveries }, { settings });
  const sent = await bench.send([STRANGER], { session });
  const isAccepted = sent.results?.length === 1 &&
    sent.results[0] === undefined;
  return isAccepted ? "accepted" : "refused";
}

Deno.test("no steps relay for strangers unless they say for whom", async () => {
  const open = [
    "delivery queue",
    "match tls {\n delivery queue\n}\nmatch no tls {\n delivery queue\n}",
    "match no local {\n delivery queue\n}",
    "match no rcpt-domain example.org {\n delivery queue\n}",
    "match from-domain sender.test {\n delivery queue\n}",
    "match no src-ip 192.0.2.1 {\n tag seen\n}\ndelivery queue",
  ];
  for (const steps of open) {
    assert.equal(await outcome(steps), "refused", steps);
  }
  for (const steps of open.slice(0, 1)) {
    assert.equal(await outcome(steps, LOGGED_IN), "accepted", steps);
  }
});

Deno.test("named networks and domains are relayed for", async () => {
  const { remoteAddress } = SESSION;
  const named = [
    `match src-ip ${remoteAddress} {\n delivery queue\n}`,
    "match rcpt-domain elsewhere.test {\n delivery queue\n}",
    `match rcpt ${STRANGER} {\n delivery queue\n}`,
    `match no src-ip ${remoteAddress} {\n require-auth\n}\ndelivery queue`,
  ];
  for (const steps of named) {
    assert.equal(await outcome(steps), "accepted", steps);
  }
});

Deno.test("open_relay says it in plain words", async () => {
  const settings = { open_relay: true };
  assert.equal(await outcome("delivery queue", SESSION, settings), "accepted");
});
