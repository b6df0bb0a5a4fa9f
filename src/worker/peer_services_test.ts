import assert from "node:assert/strict";
import { SILENT_LOG } from "#src/log/log.ts";
import { Channel, type Service } from "./channel.ts";
import { PeerServices } from "./peer_services.ts";

function service(answer: string, closed: string[] = []): Service {
  return {
    call: () => answer,
    closed: () => {
      closed.push(answer);
    },
  };
}

Deno.test("a peer calls what it uses; the rest is not there for it", async () => {
  const closed: string[] = [];
  const shared = new Map([["bodies", service("bodies", closed)]]);
  const roles = new Map([
    ["storage mail", service("storage", closed)],
    ["admin mail", service("admin", closed)],
  ]);
  const { port1, port2 } = new MessageChannel();
  const options = { name: "x", log: SILENT_LOG };
  const near = new Channel(port1, { ...options, services: new Map() });
  const far = new Channel(port2, {
    ...options,
    services: new PeerServices(shared, roles, ["storage mail", "table none"]),
  });
  try {
    assert.equal(await near.call("storage mail", "list", []), "storage");
    assert.equal(await near.call("bodies", "read", []), "bodies");
    await assert.rejects(
      near.call("admin mail", "call", ["account.passwd", {}]),
      /Nothing here is called admin mail/,
    );
    await assert.rejects(near.call("table none", "lookup", ["x"]));
    // A receiver of hints comes while the channel is open.
    shared.set("hints mail", service("hints", closed));
    assert.equal(await near.call("hints mail", "hint", []), "hints");
  } finally {
    near.close();
    far.close();
  }
  assert.deepEqual(closed.toSorted(), ["bodies", "hints", "storage"]);
});
