/** With little room on the disk no mail is taken, in the sandbox of a worker. */
import assert from "node:assert/strict";
import { LineClient } from "#tests/support/line_client.ts";
import { wholeServer, withServer } from "#tests/support/server.ts";

/** More than any disk has. */
const ALL = "900000G";

Deno.test("mail is put off while less than min_free is free", async () => {
  for (const reserve of [ALL, "1M"]) {
    await withServer({
      accounts: { "u@example.test": "secret" },
      config: (ports, folder) =>
        wholeServer(ports, folder).replace(
          "state_dir",
          `min_free ${reserve}\nstate_dir`,
        ),
    }, async ({ ports }) => {
      for (const port of [ports.smtp, ports.lmtp]) {
        using client = await LineClient.connect(port);
        await client.until("220 ");
        const hello = port === ports.lmtp ? "LHLO" : "EHLO";
        await client.send(`${hello} client.test`);
        await client.until("250 ");
        await client.send("MAIL FROM:<a@far.test> SIZE=1000");
        const answer = await client.line();
        assert.match(answer, reserve === ALL ? /^452 4\.3\.1 / : /^250 /);
      }
    });
  }
});
