/** swaks sends in every way that the endpoints offer. */
import assert from "node:assert/strict";
import { peer, peerTest, runPeer } from "#tests/support/peer.ts";
import { type TestServer, withServer } from "#tests/support/server.ts";
import { OTHER, PASSWORD, USER } from "./sample.ts";

const TO_BOB = ["--from", USER, "--to", OTHER, "--h-Subject", "swaks test"];
const LOGIN = ["--auth-user", USER, "--auth-password", PASSWORD];

function at(port: number): string[] {
  return ["--server", "127.0.0.1", "--port", `${port}`];
}

async function countOf(server: TestServer, account: string): Promise<number> {
  const { LineClient } = await import("#tests/support/line_client.ts");
  const client = await LineClient.connect(server.ports.imap);
  await client.line();
  const quoted = PASSWORD.replaceAll(/["\\]/g, String.raw`\$&`);
  await client.imap("a", `LOGIN ${account} "${quoted}"`);
  const [status] = await client.imap("b", "STATUS INBOX (MESSAGES)");
  await client.imap("c", "LOGOUT");
  client.close();
  return Number.parseInt(/MESSAGES ([0-9]+)/.exec(status ?? "")?.[1] ?? "", 10);
}

peerTest(
  "swaks sends by MX, submission, TLS and LMTP",
  ["swaks"],
  () =>
    withServer(
      { accounts: { [USER]: PASSWORD, [OTHER]: PASSWORD } },
      async (server) => {
        const { ports } = server;
        const runs = [
          [...at(ports.smtp), "--from", "x@elsewhere.test", "--to", OTHER],
          [...at(ports.smtp), "--tls", "--from", "x@e.test", "--to", OTHER],
          [...at(ports.smtp), "--pipeline", "--from", "<>", "--to", OTHER],
          [...at(ports.submission), "--tls", ...LOGIN, ...TO_BOB],
          [...at(ports.submission), "--auth", "LOGIN", ...LOGIN, ...TO_BOB],
          [...at(ports.submissions), "--tls-on-connect", ...LOGIN, ...TO_BOB],
          [...at(ports.lmtp), "--protocol", "LMTP", ...TO_BOB],
        ];
        for (const args of runs) await peer("swaks", args);
        assert.equal(await countOf(server, OTHER), runs.length);
      },
    ),
);

peerTest("swaks is refused where it has to be", ["swaks"], () =>
  withServer(
    { accounts: { [USER]: PASSWORD } },
    async (server) => {
      const { ports } = server;
      const relay = ["--from", "x@elsewhere.test", "--to", "y@other.test"];
      const unknown = ["--from", "x@elsewhere.test", "--to", "no@example.test"];
      const foreign = ["--from", "ceo@example.test", "--to", USER];
      const cases: [string[], RegExp][] = [
        [[...at(ports.smtp), ...relay], /5[35]0 5\.7\.[01] /],
        [[...at(ports.smtp), ...unknown], /550 5\.1\.1 /],
        [[...at(ports.submission), ...TO_BOB], /530 5\.7\.0 /],
        [
          [...at(ports.submissions), "--tls-on-connect", ...LOGIN, ...foreign],
          /55[03] 5\.7\.1 /,
        ],
        [
          [
            ...at(ports.submissions),
            "--tls-on-connect",
            "--auth-user",
            USER,
            "--auth-password",
            "wrong",
            ...TO_BOB,
          ],
          /535 5\.7\.8 /,
        ],
      ];
      for (const [args, expected] of cases) {
        const { code, stdout, stderr } = await runPeer("swaks", args);
        assert.notEqual(code, 0, stdout);
        assert.match(stdout + stderr, expected);
      }
    },
  ));
