/**
 * Deliveries a second into `sqlmail` in process: 2 KiB messages from 20
 * deliverers at once, to one and to ten recipients, and 1 MB messages from 4.
 * Every delivery is on disk when it counts.
 */
import { deliver, openStore, plainSummary } from "#tests/support/mail_store.ts";

const SECONDS = 3;
const folder = await Deno.makeTempDir({ prefix: "epistle-bench-" });
const store = await openStore(folder);
try {
  const names = Array.from({ length: 10 }, (_, n) => `user${n}@example.org`);
  for (const name of names) {
    await store.admin.call("account.add", { name, password: "secret" });
  }
  const header =
    "Received: from client.test by mx.example.org; Fri, 2 Jan 2026 03:04:05 +0000\r\n"
      .repeat(3) +
    "From: Somebody <somebody@elsewhere.test>\r\nTo: <user0@example.org>\r\n" +
    "Subject: A message of two kibibytes\r\n" +
    "Date: Fri, 2 Jan 2026 03:04:05 +0000\r\n" +
    "Message-ID: <0123456789@elsewhere.test>\r\n\r\n";
  const small = new TextEncoder().encode("Some text in a line.\r\n".repeat(90));
  const large = new Uint8Array(1_000_000).fill(0x61);
  const summary = {
    ...plainSummary(small.length),
    envelope: new Uint8Array(300).fill(0x20),
    bodyStructure: new Uint8Array(80).fill(0x20),
    bodyBasic: new Uint8Array(70).fill(0x20),
    messageId: "<0123456789@elsewhere.test>",
    preview: "Some text in a line.".repeat(10),
  };
  const measure = async (
    title: string,
    workers: number,
    recipients: readonly string[],
    body: Uint8Array,
  ): Promise<void> => {
    const began = performance.now();
    let count = 0;
    await Promise.all(Array.from({ length: workers }, async (_, worker) => {
      while (performance.now() - began < SECONDS * 1_000) {
        const to = recipients.length > 1
          ? recipients
          : [names[worker % names.length] ?? ""];
        await deliver(store, to, { header, body }, { summary });
        count++;
      }
    }));
    const seconds = (performance.now() - began) / 1_000;
    const rate = Math.round(count / seconds);
    // deno-lint-ignore no-console -- this is what the script is for
    console.log(`${title}: ${rate} messages/s`);
  };
  await measure("2 KiB, 20 at once, 1 recipient", 20, [""], small);
  await measure("2 KiB, 20 at once, 10 recipients", 20, names, small);
  await measure("2 KiB, 1 at once, 1 recipient", 1, [""], small);
  await measure("1 MB, 4 at once, 1 recipient", 4, [""], large);
} finally {
  await store.close();
  await Deno.remove(folder, { recursive: true });
}
