/**
 * Delivers into a store until it is killed; says `ack NAME` on its output after
 * each delivery that was answered. Run by `crash_test.ts` of `sqlmail`.
 */
import { deliver, openStore } from "#tests/support/mail_store.ts";

const [folder = "", round = ""] = Deno.args;
const store = await openStore(folder, { blobThreshold: 4_000 });
const encoder = new TextEncoder();

async function work(worker: number): Promise<void> {
  for (let n = 0;; n++) {
    const name = `${round}-${worker}-${n}`;
    // Every fourth body goes to a blob.
    const body = name + " ".repeat(n % 4 === 0 ? 5_000 : 100);
    const to = n % 3 === 0
      ? ["ann@example.org", "bob@example.org"]
      : ["ann@example.org"];
    const results = await deliver(store, to, {
      header: `Subject: ${name}\r\n\r\n`,
      body,
    });
    if (!results.every(({ ok }) => ok)) throw new Error("A refusal");
    // At once, so that no answer is lost in a buffer.
    Deno.stdout.writeSync(encoder.encode(`ack ${name}\n`));
  }
}

await Promise.all(Array.from({ length: 10 }, (_, worker) => work(worker)));
