/** Python's smtplib and imaplib. */
import { peer, peerTest } from "#tests/support/peer.ts";
import { withServer } from "#tests/support/server.ts";
import { OTHER, PASSWORD, sampleMessage, USER } from "./sample.ts";

const SCRIPT = String.raw`
import imaplib, json, smtplib, ssl, sys, time
cfg = json.load(sys.stdin)
tls = ssl.create_default_context(); tls.check_hostname = False; tls.verify_mode = ssl.CERT_NONE
body = cfg["message"].encode()

def send(smtp):
    smtp.login(cfg["user"], cfg["password"])
    smtp.sendmail(cfg["user"], [cfg["other"]], body, mail_options=["BODY=8BITMIME"])
    smtp.quit()

s = smtplib.SMTP("127.0.0.1", cfg["submission"]); s.starttls(context=tls); send(s)
send(smtplib.SMTP_SSL("127.0.0.1", cfg["submissions"], context=tls))
send(smtplib.SMTP("127.0.0.1", cfg["submission"]))

bad = smtplib.SMTP_SSL("127.0.0.1", cfg["submissions"], context=tls)
try:
    bad.login(cfg["user"], "wrong")
    raise SystemExit("a wrong password was accepted")
except smtplib.SMTPAuthenticationError as e:
    assert e.smtp_code == 535, e
bad.close()

def check(imap, expected):
    imap.login(cfg["other"], cfg["password"])
    typ, data = imap.select("INBOX"); assert typ == "OK" and int(data[0]) == expected, data
    typ, data = imap.search(None, "UNSEEN", "SUBJECT", '"python test"'); assert typ == "OK"
    numbers = data[0].split(); assert len(numbers) == expected, data
    typ, data = imap.fetch(numbers[0], "(FLAGS RFC822.SIZE BODY.PEEK[])")
    raw = data[0][1]
    assert raw.endswith(body.split(b"\r\n\r\n", 1)[1]), raw
    assert b"Received: from" in raw.split(b"\r\n\r\n")[0]
    typ, data = imap.uid("STORE", "1:*", "+FLAGS", r"(\Flagged $Label1)"); assert typ == "OK"
    typ, data = imap.search(None, "KEYWORD", "$Label1"); assert len(data[0].split()) == expected
    typ, data = imap.store("1:*", "-FLAGS", r"(\Flagged $Label1)"); assert typ == "OK"
    imap.close(); imap.logout()

check(imaplib.IMAP4("127.0.0.1", cfg["imap"]), 3)
t = imaplib.IMAP4("127.0.0.1", cfg["imap"]); t.starttls(tls); check(t, 3)
check(imaplib.IMAP4_SSL("127.0.0.1", cfg["imaps"], ssl_context=tls), 3)

i = imaplib.IMAP4_SSL("127.0.0.1", cfg["imaps"], ssl_context=tls)
i.login(cfg["other"], cfg["password"])
assert i.create('"Ordner/&AMQ-pfel"')[0] == "OK"
assert i.append('"Ordner/&AMQ-pfel"', r"(\Seen)", imaplib.Time2Internaldate(1700000000), body)[0] == "OK"
typ, data = i.select('"Ordner/&AMQ-pfel"', readonly=True); assert data == [b"1"], data
typ, data = i.fetch("1", "(INTERNALDATE BODY.PEEK[])")
assert data[0][1] == body, data
assert imaplib.Internaldate2tuple(data[0][0] if b"INTERNALDATE" in data[0][0] else data[1]) == time.localtime(1700000000)
i.select("INBOX")
assert i.copy("1", "Trash")[0] == "OK"
assert i.store("1", "+FLAGS", r"\Deleted")[0] == "OK"
typ, data = i.expunge(); assert data == [b"1"], data
typ, data = i.status("INBOX", "(MESSAGES UNSEEN)"); assert b"MESSAGES 2" in data[0], data
names = [l.decode() for l in i.list()[1]]
assert any("\\Sent" in n for n in names), names
assert i.delete('"Ordner/&AMQ-pfel"')[0] == "OK"
i.logout()
print("fine")
`;

peerTest(
  "Python's smtplib and imaplib send and read",
  ["python3"],
  () =>
    withServer(
      { accounts: { [USER]: PASSWORD, [OTHER]: PASSWORD } },
      async (server) => {
        await peer("python3", ["-c", SCRIPT], {
          input: JSON.stringify({
            ...server.ports,
            user: USER,
            other: OTHER,
            password: PASSWORD,
            message: sampleMessage("python test"),
          }),
        });
      },
    ),
);
