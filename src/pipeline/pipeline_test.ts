import assert from "node:assert/strict";
import { SmtpError } from "#src/smtp/reply.ts";
import { contextKey } from "#src/module/roles/context.ts";
import type { Filter, FilterRun } from "#src/module/roles/filter.ts";
import { PASS, type Verdict } from "#src/module/roles/verdict.ts";
import { FaultyDelivery } from "#tests/support/faulty_delivery.ts";
import {
  codes,
  LOGGED_IN,
  MESSAGE,
  PipelineBench,
  rcpt,
  SESSION,
  streamOf,
} from "#tests/support/pipeline_bench.ts";

/** A filter of the given stages that notes what it is asked. */
function filterOf(run: FilterRun): Filter {
  return { start: () => run };
}

function transforming(filter: Filter): Filter {
  return { transforms: true, start: (context) => filter.start(context) };
}

function says(verdict: Verdict): Filter {
  return filterOf({ body: () => Promise.resolve({ verdict }) });
}

function adds(line: string): Filter {
  const prepend = new TextEncoder().encode(`${line}\r\n`);
  return filterOf({
    body: () => Promise.resolve({ verdict: PASS, prepend }),
  });
}

const JUNK: Verdict = { kind: "quarantine", reason: "suspicious" };
const NO: Verdict = {
  kind: "reject",
  error: new SmtpError(554, "7.1", "No thanks"),
};

Deno.test("local mail is delivered with a Received field on top", async () => {
  const box = new FaultyDelivery();
  const bench = new PipelineBench("match local {\n delivery box\n}", {
    deliveries: { box },
  });
  const sent = await bench.send(["alice@example.org"]);
  assert.deepEqual(sent, { refused: {}, results: [undefined] });
  const [copy] = box.delivered;
  assert.ok(copy !== undefined && copy.text.endsWith(MESSAGE));
  assert.match(
    copy.text,
    /^Received: from client\.test \(\[192\.0\.2\.7\]\)\r\n\tby mx\.example\.org with ESMTP id [0-9a-z]+\r\n\tfor <alice@example\.org>;\r\n\t\w{3}, \d\d \w{3} \d{4} [\d:]{8} \+0000\r\nFrom: Bob/,
  );
  assert.equal(box.open, 0);
});

Deno.test("what no delivery takes is refused at RCPT", async () => {
  const box = new FaultyDelivery();
  box.faults.set("addRecipient nobody@example.org", "permanent");
  const bench = new PipelineBench(
    "match rcpt-domain example.org {\n delivery box\n}",
    { deliveries: { box } },
  );
  const sent = await bench.send([
    "nobody@example.org",
    "x@example.net",
    "x@elsewhere.test",
  ]);
  assert.deepEqual(sent.refused, {
    "nobody@example.org": "550 5.1.1",
    "x@example.net": "550 5.1.1",
    "x@elsewhere.test": "550 5.7.1",
  });
  assert.equal(box.open, 0);
});

Deno.test("each recipient of one message takes its own way", async () => {
  const box = new FaultyDelivery();
  const queue = new FaultyDelivery();
  const bench = new PipelineBench(
    `match local {
       delivery box
     }
     match no local {
       require-auth
       delivery queue
     }`,
    { deliveries: { box, queue } },
  );
  const to = ["alice@example.org", "x@elsewhere.test", "bob@example.net"];
  const stranger = await bench.send(to);
  assert.deepEqual(stranger.refused, { "x@elsewhere.test": "530 5.7.0" });
  assert.deepEqual(stranger.results, [undefined, undefined]);
  const member = await bench.send(to, { session: LOGGED_IN });
  assert.deepEqual(member.results, [undefined, undefined, undefined]);
  assert.deepEqual(queue.recipients, ["x@elsewhere.test"]);
  assert.deepEqual(box.recipients, [
    "alice@example.org",
    "bob@example.net",
    "alice@example.org",
    "bob@example.net",
  ]);
});

Deno.test("require-auth before any recipient refuses MAIL", async () => {
  const box = new FaultyDelivery();
  const bench = new PipelineBench("require-auth\ndelivery box", {
    deliveries: { box },
  });
  const sent = await bench.send(["alice@example.org"]);
  assert.equal(sent.mail && codes(sent.mail), "530 5.7.0");
  const member = await bench.send(["a@example.org"], { session: LOGGED_IN });
  assert.deepEqual(member.results, [undefined]);
});

Deno.test("steps run in the order written; stop ends the way", async () => {
  const first = new FaultyDelivery();
  const second = new FaultyDelivery();
  const bench = new PipelineBench(
    `delivery first
     match rcpt "Alice@EXAMPLE.org" {
       stop
     }
     delivery second`,
    { deliveries: { first, second } },
  );
  await bench.send(["alice@example.org", "bob@example.org"]);
  assert.deepEqual(first.recipients, ["alice@example.org", "bob@example.org"]);
  assert.deepEqual(second.recipients, ["bob@example.org"]);
});

Deno.test("reject refuses as early as it is certain", async () => {
  const box = new FaultyDelivery();
  const bench = new PipelineBench(
    `match from-domain bad.test {
       reject 554 5.7.7 "go away"
     }
     match rcpt /^no-/ {
       reject
     }
     match header X-Bad {
       reject 451 "later perhaps"
     }
     delivery box`,
    { deliveries: { box } },
  );
  const early = await bench.send(["a@example.org"], { from: "x@BAD.test" });
  assert.equal(early.mail && codes(early.mail), "554 5.7.7");
  assert.equal(early.mail?.publicText, "go away");
  const atRcpt = await bench.send(["no-a@example.org", "b@example.org"]);
  assert.deepEqual(atRcpt.refused, { "no-a@example.org": "550 5.7.1" });
  assert.deepEqual(atRcpt.results, [undefined]);
  const late = await bench.send(["a@example.org"], {
    message: `X-Bad: 1\r\n${MESSAGE}`,
  });
  assert.deepEqual(late.results, ["451 4.7.1"]);
  assert.deepEqual(box.recipients, ["b@example.org"]);
});

Deno.test("a condition on the header decides the way after DATA", async () => {
  const list = new FaultyDelivery();
  const box = new FaultyDelivery();
  const bench = new PipelineBench(
    `match header List-Id /news/ {
       delivery list
       stop
     }
     match local {
       delivery box
     }`,
    { deliveries: { list, box } },
  );
  const to = ["a@example.org"];
  await bench.send(to, {
    message: `List-Id:\r\n <news.test>\r\n${MESSAGE}`,
  });
  assert.deepEqual([list.recipients, box.recipients], [to, []]);
  await bench.send(to);
  assert.deepEqual([list.recipients, box.recipients], [to, to]);
  // Not refused at RCPT: the header could still send it to the list.
  const outside = await bench.send(["x@elsewhere.test"]);
  assert.deepEqual(outside, { refused: {}, results: ["550 5.7.1"] });
  assert.equal(list.open + box.open, 0);
});

Deno.test("a condition sees the header that filters before it made", async () => {
  const junk = new FaultyDelivery();
  const box = new FaultyDelivery();
  const bench = new PipelineBench(
    `filter score
     match header X-Score high {
       delivery junk
       stop
     }
     delivery box`,
    { filters: { score: adds("X-Score: high") }, deliveries: { junk, box } },
  );
  await bench.send(["a@example.org"]);
  assert.deepEqual(junk.recipients, ["a@example.org"]);
  assert.deepEqual(box.recipients, []);
});

Deno.test("a filter in a block changes the copies of its recipients alone", async () => {
  const box = new FaultyDelivery();
  const bench = new PipelineBench(
    `match rcpt-domain example.org {
       filter sign
     }
     filter last
     delivery box`,
    {
      filters: {
        sign: transforming(adds("X-Signed: yes")),
        last: adds("X-Last: 1"),
      },
      deliveries: { box },
    },
  );
  const sent = await bench.send(["a@example.org", "b@example.net"]);
  assert.deepEqual(sent.results, [undefined, undefined]);
  const texts = new Map(box.delivered.map((d) => [d.rcptTo, d.text]));
  assert.match(
    texts.get("a@example.org") ?? "",
    /^X-Last: 1\r\nX-Signed: yes\r\nReceived:/,
  );
  assert.match(texts.get("b@example.net") ?? "", /^X-Last: 1\r\nReceived:/);
});

Deno.test("a transforming filter gives another body, once for each branch", async () => {
  const plain = new FaultyDelivery();
  const box = new FaultyDelivery();
  const shout = transforming(filterOf({
    async body({ body }) {
      const text = await new Response(body.open()).text();
      return { verdict: PASS, body: streamOf(text.toUpperCase(), 2) };
    },
  }));
  const bench = new PipelineBench(
    "delivery plain\nfilter shout\ndelivery box",
    {
      filters: { shout },
      deliveries: { plain, box },
    },
  );
  await bench.send(["a@example.org"]);
  assert.match(plain.delivered[0]?.text ?? "", /\r\n\r\nbody\r\n$/);
  assert.match(box.delivered[0]?.text ?? "", /\r\n\r\nBODY\r\n$/);
});

Deno.test("a filter that may not transform cannot change header or body", async () => {
  const box = new FaultyDelivery();
  const sly: Filter = filterOf({
    body: () => Promise.resolve({ verdict: PASS, body: streamOf("other") }),
  });
  const bench = new PipelineBench("filter sly\ndelivery box", {
    filters: { sly },
    deliveries: { box },
  });
  await bench.send(["a@example.org"]);
  assert.match(box.delivered[0]?.text ?? "", /\r\nbody\r\n$/);
});

Deno.test("independent filters run together, a transforming one after them", async () => {
  const events: string[] = [];
  const both = Promise.withResolvers<void>();
  let running = 0;
  const waits = (name: string): Filter =>
    filterOf({
      async body() {
        events.push(`${name} begins`);
        if (++running === 2) both.resolve();
        await both.promise;
        return { verdict: PASS };
      },
    });
  const alone = transforming(filterOf({
    body() {
      events.push("alone");
      return Promise.resolve({ verdict: PASS });
    },
  }));
  const bench = new PipelineBench(
    "filter one\nfilter two\nfilter alone\ndelivery box",
    {
      filters: { one: waits("one"), two: waits("two"), alone },
      deliveries: { box: new FaultyDelivery() },
    },
  );
  const sent = await bench.send(["a@example.org"]);
  assert.deepEqual(sent.results, [undefined]);
  assert.deepEqual(events.toSorted(), ["alone", "one begins", "two begins"]);
  assert.equal(events[2], "alone");
});

Deno.test("verdicts merge in the order of the configuration", async () => {
  const box = new FaultyDelivery();
  const other: Verdict = {
    kind: "reject",
    error: new SmtpError(550, "7.20", "Other"),
  };
  const bench = new PipelineBench(
    "filter junk\nfilter no\nfilter other\ndelivery box",
    {
      filters: { junk: says(JUNK), no: says(NO), other: says(other) },
      deliveries: { box },
    },
  );
  const sent = await bench.send(["a@example.org"]);
  assert.deepEqual(sent.results, ["554 5.7.1"]);
  assert.equal(box.delivered.length + box.open, 0);
});

Deno.test("quarantine of a filter or step marks the copies behind it", async () => {
  const before = new FaultyDelivery();
  const after = new FaultyDelivery();
  const bench = new PipelineBench(
    `delivery before
     filter junk
     match rcpt b@example.org {
       tag $Odd Seen2
     }
     delivery after`,
    { filters: { junk: says(JUNK) }, deliveries: { before, after } },
  );
  await bench.send(["a@example.org", "b@example.org"]);
  assert.deepEqual(before.delivered.map((d) => d.quarantine), [
    undefined,
    undefined,
  ]);
  assert.deepEqual(after.delivered.map((d) => [d.quarantine, d.tags]), [
    ["suspicious", []],
    ["suspicious", ["$Odd", "Seen2"]],
  ]);
  assert.equal(before.open + after.open, 0);
});

Deno.test("the step quarantine narrows to its recipients", async () => {
  const box = new FaultyDelivery();
  const bench = new PipelineBench(
    `match rcpt b@example.org {
       quarantine by request
     }
     delivery box`,
    { deliveries: { box } },
  );
  await bench.send(["a@example.org", "b@example.org"]);
  assert.deepEqual(
    box.delivered.map((d) => [d.rcptTo, d.quarantine]),
    [["a@example.org", undefined], ["b@example.org", "by request"]],
  );
});

Deno.test("a dropped message is answered as delivered", async () => {
  const box = new FaultyDelivery();
  const drop = says({ kind: "drop", reason: "test" });
  const bench = new PipelineBench("filter drop\ndelivery box", {
    filters: { drop },
    deliveries: { box },
  });
  const sent = await bench.send(["a@example.org"]);
  assert.deepEqual(sent.results, [undefined]);
  assert.equal(box.delivered.length + box.open, 0);
});

Deno.test("a filter that breaks is a temporary failure at every stage", async () => {
  const broken = (): never => {
    throw new Error("broken");
  };
  const stages: Record<string, FilterRun> = {
    helo: { helo: broken },
    sender: { sender: broken },
    recipient: { recipient: broken },
    header: { header: broken },
    body: { body: broken },
  };
  for (const [stage, run] of Object.entries(stages)) {
    const box = new FaultyDelivery();
    const bench = new PipelineBench("filter broken\ndelivery box", {
      filters: { broken: filterOf(run) },
      deliveries: { box },
    });
    let answer: string | undefined;
    try {
      const sent = await bench.send(["a@example.org"]);
      answer = sent.mail ? codes(sent.mail) : sent.refused["a@example.org"] ??
        sent.results[0];
    } catch (error) {
      assert.ok(error instanceof SmtpError);
      answer = codes(error);
    }
    assert.equal(answer, "451 4.3.0", stage);
    assert.equal(box.delivered.length + box.open, 0, stage);
  }
});

Deno.test("each stage runs once, as early as it can", async () => {
  const events: string[] = [];
  const note = (stage: string): Promise<Verdict> => {
    events.push(stage);
    return Promise.resolve(PASS);
  };
  const watcher: Filter = {
    start: () => ({
      connect: () => note("connect"),
      helo: () => note("helo"),
      sender: ({ mailFrom }) => note(`sender ${mailFrom}`),
      recipient: (_envelope, { address }) => note(`recipient ${address}`),
      header: () => note("header"),
      body: async ({ recipients }) => {
        await note(`body ${recipients.map((r) => r.address)}`);
        return { verdict: PASS };
      },
    }),
  };
  const box = new FaultyDelivery();
  box.faults.set("addRecipient no@example.org", "permanent");
  const bench = new PipelineBench("filter watcher\ndelivery box", {
    filters: { watcher },
    deliveries: { box },
  });
  await bench.send(["a@example.org", "no@example.org", "b@example.org"]);
  assert.deepEqual(events, [
    "connect",
    "helo",
    "sender bob@sender.test",
    "recipient a@example.org",
    "recipient no@example.org",
    "recipient b@example.org",
    "header",
    "body a@example.org,b@example.org",
  ]);
});

Deno.test("a filter behind a condition on the recipient catches up", async () => {
  const events: string[] = [];
  const note = (stage: string): Promise<Verdict> => {
    events.push(stage);
    return Promise.resolve(PASS);
  };
  const late: Filter = {
    start: () => ({
      connect: () => note("connect"),
      helo: () => note("helo"),
      sender: () => note("sender"),
      recipient: (_envelope, { address }) => note(address),
    }),
  };
  const bench = new PipelineBench(
    "match rcpt b@example.org {\n filter late\n}\ndelivery box",
    { filters: { late }, deliveries: { box: new FaultyDelivery() } },
  );
  await bench.send(["a@example.org", "b@example.org"]);
  assert.deepEqual(events, ["connect", "helo", "sender", "b@example.org"]);
});

Deno.test("values left by a filter are seen by those after it, not across forks", async () => {
  const KEY = contextKey<string>("test-value");
  const seen: (string | undefined)[] = [];
  const leaves: Filter = {
    start: (context) => ({
      sender() {
        context.values.set(KEY, "left");
        return Promise.resolve(PASS);
      },
    }),
  };
  const reads: Filter = {
    start: (context) => ({
      body() {
        seen.push(context.values.get(KEY));
        return Promise.resolve({ verdict: PASS });
      },
    }),
  };
  const bench = new PipelineBench(
    `match rcpt a@example.org {
       filter leaves
     }
     filter reads
     delivery box`,
    { filters: { leaves, reads }, deliveries: { box: new FaultyDelivery() } },
  );
  await bench.send(["a@example.org"]);
  await bench.send(["b@example.org"]);
  await bench.send(["a@example.org", "b@example.org"]);
  assert.deepEqual(seen, ["left", undefined, "left", undefined]);
});

Deno.test("a filter says no to one recipient without losing the others", async () => {
  const box = new FaultyDelivery();
  const picky: Filter = filterOf({
    recipient: (_envelope, { address }) =>
      Promise.resolve(address.startsWith("no") ? NO : PASS),
  });
  const bench = new PipelineBench("filter picky\ndelivery box", {
    filters: { picky },
    deliveries: { box },
  });
  const sent = await bench.send(["no@example.org", "yes@example.org"]);
  assert.deepEqual(sent.refused, { "no@example.org": "554 5.7.1" });
  assert.deepEqual(box.recipients, ["yes@example.org"]);
});

Deno.test("abort frees every transaction and file", async () => {
  const box = new FaultyDelivery();
  const bench = new PipelineBench("delivery box", { deliveries: { box } });
  const opened = bench.pipeline.open(SESSION);
  const transaction = await opened.mail(SESSION, "x@y.test", {});
  await transaction.recipient(rcpt("a@example.org"));
  assert.equal(box.open, 1);
  await transaction.abort();
  await transaction.abort();
  opened.end();
  assert.equal(box.open, 0);
});

Deno.test("a message can be run without a socket, one result a recipient", async () => {
  const box = new FaultyDelivery();
  box.faults.set("addRecipient no@example.org", "permanent");
  box.faults.set("commit late@example.org", "permanent");
  const bench = new PipelineBench("match local {\n delivery box\n}", {
    deliveries: { box },
  });
  const session = { ...SESSION, protocol: "local" as const };
  const results = await bench.pipeline.run(
    { id: "m1", session, mailFrom: "", parameters: {}, receivedAt: 0 },
    ["no@example.org", "a@example.org", "late@example.org"].map(rcpt),
    streamOf(MESSAGE),
  );
  assert.deepEqual(results.map((error) => error && codes(error)), [
    "550 5.1.1",
    undefined,
    "550 5.1.1",
  ]);
  assert.match(
    box.delivered[0]?.text ?? "",
    /^Received: by mx\.example\.org with local id m1;\r\n\tThu, 01 Jan 1970/,
  );
});
