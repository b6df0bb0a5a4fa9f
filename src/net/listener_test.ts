import assert from "node:assert/strict";
import type { Socket } from "node:net";
import { listen, parseListenAddress } from "./listener.ts";

/** Descriptors that the child may have; it needs about 25 itself. */
const DESCRIPTORS = 60;

/** Greets everybody; told to on the command line by the test below. */
async function greetEverybody(): Promise<void> {
  const listener = await listen({ host: "127.0.0.1", port: 0 }, greet, {
    lookMs: 50,
    manyConnections: 20,
  });
  // deno-lint-ignore no-console -- the parent reads the port
  console.log(listener.address.port);
}

function greet(socket: Socket): void {
  socket.on("error", () => {});
  socket.write("hello\n");
}

if (Deno.args[0] === "greet") await greetEverybody();

async function hearsGreeting(port: number): Promise<boolean> {
  const connection = await Deno.connect({ hostname: "127.0.0.1", port });
  const timer = setTimeout(() => connection.close(), 1000);
  try {
    return (await connection.read(new Uint8Array(16))) === 6;
  } catch {
    // Closed by the timer: nobody greeted.
    return false;
  } finally {
    clearTimeout(timer);
    try {
      connection.close();
    } catch {
      // The timer was faster.
    }
  }
}

Deno.test("a listener that ran out of descriptors comes back by itself", async () => {
  const script = new URL(import.meta.url).pathname;
  const child = new Deno.Command("sh", {
    args: [
      "-c",
      `ulimit -n ${DESCRIPTORS}; exec "$0" run -A --no-check "$1" greet`,
      Deno.execPath(),
      script,
    ],
    stdout: "piped",
  }).spawn();
  const output = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  try {
    const { value = "" } = await output.read();
    const port = Number.parseInt(value, 10);
    const many = await Promise.all(
      Array.from(
        { length: DESCRIPTORS * 2 },
        () => Deno.connect({ hostname: "127.0.0.1", port }),
      ),
    );
    for (const connection of many) connection.close();
    let isBack = false;
    for (let tries = 0; tries < 20 && !isBack; tries++) {
      isBack = await hearsGreeting(port);
    }
    assert.ok(isBack, "nobody is greeted any more");
  } finally {
    child.kill("SIGKILL");
    await child.status;
    await output.cancel();
  }
});

Deno.test("closing does not wait for connections that others hold", async () => {
  const sockets: Socket[] = [];
  const listener = await listen(
    { host: "127.0.0.1", port: 0 },
    (socket) => sockets.push(socket),
  );
  const { port } = listener.address;
  const connection = await Deno.connect({ hostname: "127.0.0.1", port });
  while (sockets.length === 0) await new Promise((done) => setTimeout(done, 1));
  await listener.close();
  await assert.rejects(Deno.connect({ hostname: "127.0.0.1", port }));
  for (const socket of sockets) socket.destroy();
  assert.equal(await connection.read(new Uint8Array(1)), null);
  connection.close();
});

Deno.test("addresses to listen on are read strictly", () => {
  assert.deepEqual(parseListenAddress("[::]:25"), { host: "::", port: 25 });
  for (const text of ["25", ":25", "::1:25", "a:99999", "a b:25", "[a]:1x"]) {
    assert.equal(parseListenAddress(text), undefined, text);
  }
});
