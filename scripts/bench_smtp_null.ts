/**
 * The SMTP server alone, in front of a backend that forgets every message: how
 * fast the protocol is. Load it with smtp-source of Postfix:
 *
 *     deno run -A scripts/bench_smtp_null.ts 2525
 *     smtp-source -d -s 20 -l 2048 -m 20000 -f a@x.test -t b@x.test 127.0.0.1:2525
 */
import { SYSTEM_CLOCK } from "#src/clock/clock.ts";
import { SILENT_LOG } from "#src/log/log.ts";
import { listen } from "#src/net/listener.ts";
import type { MessageSource, SmtpBackend } from "#src/smtp/backend.ts";
import { SmtpServer } from "#src/smtp/server.ts";
import { DEFAULT_SMTP_SETTINGS } from "#src/smtp/settings.ts";

let messages = 0;
let bytes = 0;

const NULL_BACKEND: SmtpBackend = {
  open: () => ({
    connect: () => Promise.resolve(),
    helo: () => Promise.resolve(),
    mail: () => {
      let recipients = 0;
      return Promise.resolve({
        id: `m${messages++}`,
        recipient: () => {
          recipients++;
          return Promise.resolve();
        },
        async data(message: MessageSource) {
          if (message instanceof Uint8Array) bytes += message.length;
          else for await (const chunk of message) bytes += chunk.length;
          return new Array(recipients).fill(undefined);
        },
        abort: () => Promise.resolve(),
      });
    },
    end() {},
  }),
};

const server = new SmtpServer({
  settings: DEFAULT_SMTP_SETTINGS,
  backend: NULL_BACKEND,
  clock: SYSTEM_CLOCK,
  log: SILENT_LOG,
  loginLimits: { mayTry: () => true, failed() {} },
  admit: () => () => {},
});
const port = Number.parseInt(Deno.args[0] ?? "2525", 10);
server.start();
const listener = await listen(
  { host: "127.0.0.1", port },
  (socket) => server.accept(socket),
);
async function finish(): Promise<void> {
  await listener.close();
  await server.stop();
  const cpu = performance.now();
  // deno-lint-ignore no-console -- a script for people
  console.log(`${messages} messages, ${bytes} bytes, ${cpu.toFixed(0)} ms`);
  Deno.exit(0);
}

Deno.addSignalListener("SIGINT", () => void finish());
