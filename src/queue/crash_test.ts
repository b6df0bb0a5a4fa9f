/**
 * A queue in a process of its own is killed at any moment, again and again:
 * what was accepted arrives at least once.
 */
import assert from "node:assert/strict";

/** Times the process is killed. */
const KILLS = 6;
/** Longest time that draining the queue at the end may take. */
const DEADLINE_MS = 60_000;
const CHILD = new URL("../../tests/support/queue_child.ts", import.meta.url);

function spawn(folder: string, mode: string): Deno.ChildProcess {
  return new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", "--quiet", CHILD.pathname, folder, mode],
    stdin: "null",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
}

/** Collects whole lines until the stream ends; `onLine` sees each. */
async function readLines(
  stream: ReadableStream<Uint8Array>,
  onLine: (line: string) => void,
): Promise<void> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of stream) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
    // A line that the kill cut off was not said.
    rest = lines.pop() ?? "";
    for (const line of lines) onLine(line);
  }
}

Deno.test("no accepted message is lost by kill -9", async () => {
  const folder = await Deno.makeTempDir({ prefix: "queue-crash-" });
  const accepted = new Set<string>();
  const delivered = new Set<string>();
  const note = (line: string): void => {
    const [word, name = ""] = line.split(" ");
    if (word === "accepted") accepted.add(name);
    if (word === "delivered") delivered.add(name);
  };
  try {
    for (let round = 0; round < KILLS; round++) {
      const child = spawn(folder, `feed${round}`);
      let lines = 0;
      // Another moment each time, counted in work done, not in time.
      const limit = 40 + round * 37;
      await readLines(child.stdout, (line) => {
        note(line);
        if (++lines === limit) child.kill("SIGKILL");
      });
      const { signal } = await child.status;
      assert.equal(signal, "SIGKILL");
    }
    const child = spawn(folder, "drain");
    const timer = setTimeout(() => child.kill("SIGKILL"), DEADLINE_MS);
    await readLines(child.stdout, note);
    const { code } = await child.status;
    clearTimeout(timer);
    assert.equal(code, 0);
    assert.ok(accepted.size > KILLS * 10, `${accepted.size} accepted`);
    const lost = [...accepted].filter((name) => !delivered.has(name));
    assert.deepEqual(lost, []);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
