/** Logging in with a certificate (AUTH=EXTERNAL): curl and imaplib. */
import assert from "node:assert/strict";
import {
  type CertificateFiles,
  makeClientAuthority,
  makeClientCertificate,
} from "#tests/support/client_certificates.ts";
import { inFolder } from "#tests/support/in_folder.ts";
import { peer, peerTest, runPeer } from "#tests/support/peer.ts";
import {
  type Ports,
  type TestServer,
  withServer,
} from "#tests/support/server.ts";
import { OTHER, PASSWORD, USER } from "./sample.ts";

/** Each line of `argv` is a command; prints the answers. */
const PYTHON = `
import base64, json, socket, ssl, sys
cfg = json.loads(sys.argv[1])
tls = ssl.create_default_context(cafile=cfg["ca"])
if cfg["cert"]: tls.load_cert_chain(cfg["cert"], cfg["key"])
conn = socket.create_connection(("127.0.0.1", cfg["port"]), 20)
def answer(f, tag):
    text = ""
    while True:
        line = f.readline().decode()
        text += line
        if line == "" or line.startswith(tag): return text
f = conn.makefile("rb"); answer(f, "* OK")
conn.sendall(b"s STARTTLS\\r\\n"); answer(f, "s ")
conn = tls.wrap_socket(conn, server_hostname="localhost")
f = conn.makefile("rb")
for n, line in enumerate(cfg["commands"]):
    conn.sendall(f"t{n} {line}\\r\\n".encode())
    sys.stdout.write(answer(f, f"t{n} "))
`;

function config(ports: Ports, folder: string, authority: string): string {
  return `
hostname localhost
domains example.test
state_dir ${folder}/state
dns 127.0.0.1:9
imap 127.0.0.1:${ports.imap} {
  client_ca ${authority}
}
imap 127.0.0.1:${ports.imaps} {
  tls_mode implicit
  client_ca ${authority}
}
`;
}

/** What the server answers to commands after STARTTLS. */
async function answers(
  server: TestServer,
  client: CertificateFiles | undefined,
  commands: readonly string[],
): Promise<string> {
  return await peer("python3", [
    "-c",
    PYTHON,
    JSON.stringify({
      ca: `${server.folder}/state/tls/auto/authority.pem`,
      cert: client?.certificate ?? "",
      key: client?.key ?? "",
      port: server.ports.imap,
      commands,
    }),
  ]);
}

peerTest("a certificate of the operator's authority logs in", [
  "openssl",
  "curl",
  "python3",
], () =>
  inFolder(async (folder) => {
    const ours = await makeClientAuthority(folder, "ours");
    const theirs = await makeClientAuthority(folder, "theirs");
    const extensions = `subjectAltName=email:nobody@example.test,email:${USER}`;
    const good = await makeClientCertificate(folder, ours, {
      name: "good",
      extensions,
    });
    const forged = await makeClientCertificate(folder, theirs, {
      name: "forged",
      extensions,
    });
    await withServer({
      accounts: { [USER]: PASSWORD, [OTHER]: PASSWORD },
      waitFor: ["imap", "imaps"],
      config: (ports, state) => config(ports, state, ours.certificate),
    }, async (server) => {
      const whole = await answers(server, good, [
        "CAPABILITY",
        "AUTHENTICATE EXTERNAL =",
        "SELECT INBOX",
      ]);
      assert.match(whole, /AUTH=EXTERNAL/);
      assert.match(whole, /^t1 OK .*^t2 OK /ms);
      const named = await answers(server, good, [
        `AUTHENTICATE EXTERNAL ${btoa(OTHER)}`,
        `AUTHENTICATE EXTERNAL ${btoa("nobody@example.test")}`,
        `AUTHENTICATE EXTERNAL ${btoa(USER)}`,
      ]);
      assert.match(named, /^t0 NO \[AUTHENTICATIONFAILED\]/m);
      assert.match(named, /^t1 NO \[AUTHENTICATIONFAILED\].*^t2 OK /ms);
      for (const client of [forged, undefined]) {
        const other = await answers(server, client, [
          "CAPABILITY",
          "AUTHENTICATE EXTERNAL =",
          `LOGIN ${USER} ${JSON.stringify(PASSWORD)}`,
        ]);
        assert.doesNotMatch(other, /AUTH=EXTERNAL/);
        assert.match(other, /^t1 NO \[CANNOT\].*^t2 OK /ms);
      }
      const curl = (client: CertificateFiles): Promise<{ code: number }> =>
        runPeer("curl", [
          ...["--silent", "--insecure", "--max-time", "30"],
          ...["--cert", client.certificate, "--key", client.key],
          ...["--user", `${USER}:`, "--login-options", "AUTH=EXTERNAL"],
          `imaps://127.0.0.1:${server.ports.imaps}/INBOX?ALL`,
        ]);
      assert.equal((await curl(good)).code, 0);
      assert.notEqual((await curl(forged)).code, 0);
    });
  }));
