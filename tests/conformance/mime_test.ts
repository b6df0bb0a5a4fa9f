/**
 * BODYSTRUCTURE and FETCH of parts over IMAP agree with Python's email package
 * on structure and bytes, for generated messages and the fixtures. `MIME_COUNT`
 * and `MIME_SEED` make it longer.
 */
import assert from "node:assert/strict";
import { encodeBase64 } from "#src/bytes/base64.ts";
import { type ImapTestClient, withImap } from "#tests/support/imap_server.ts";
import { bytesOf, mimeMessage } from "#tests/support/mime_generator.ts";
import { type ImapValue, readImapValue } from "#tests/support/imap_value.ts";

const COUNT = Number(Deno.env.get("MIME_COUNT") ?? "150");
const SEED = Number(Deno.env.get("MIME_SEED") ?? "1");
const FIXTURES = new URL("../fixtures/messages/", import.meta.url);
const SCRIPT = new URL("mime_parts.py", import.meta.url).pathname;

/**
 * Where Python decides differently: it reads `message/delivery-status` as a
 * list of headers, takes the last line break off a part without a closing
 * boundary, and has its own mind about messages that break the rules.
 */
const DIFFERENT: ReadonlySet<string> = new Set([
  "boundary_missing",
  "broken_content_type",
  "no_boundary_parameter",
  "report",
  "unterminated",
  "unterminated_inner",
]);

/** A part as Python sees it. */
interface Part {
  readonly type: string;
  readonly encoding: string;
  readonly params?: Readonly<Record<string, unknown>>;
  readonly id: string | null;
  readonly description: string | null;
  readonly location: string | null;
  readonly md5: string | null;
  readonly disposition: string | null;
  readonly raw?: string;
  readonly decoded?: string;
}

type Parts = Readonly<Record<string, Part>>;

function samples(): string[] {
  const texts = Array.from({ length: COUNT }, (_, n) => mimeMessage(SEED + n));
  for (const { name } of Deno.readDirSync(FIXTURES)) {
    const known = name.endsWith(".eml") && !DIFFERENT.has(name.slice(0, -4));
    if (!known) continue;
    let text = "";
    for (const byte of Deno.readFileSync(new URL(name, FIXTURES))) {
      text += String.fromCharCode(byte);
    }
    texts.push(text);
  }
  return texts;
}

/** `undefined` where there is no Python. */
async function pythonParts(
  texts: readonly string[],
): Promise<readonly Parts[] | undefined> {
  let child: Deno.ChildProcess;
  try {
    child = new Deno.Command("python3", {
      args: [SCRIPT],
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
  const output = child.output();
  const writer = child.stdin.getWriter();
  const input = texts.map((text) => encodeBase64(bytesOf(text)));
  await writer.write(new TextEncoder().encode(JSON.stringify(input)));
  await writer.close();
  const { success, stdout, stderr } = await output;
  assert.ok(success, new TextDecoder().decode(stderr));
  return JSON.parse(new TextDecoder().decode(stdout));
}

Deno.test("parts and structure agree with Python's email package", async () => {
  const texts = samples();
  const expected = await pythonParts(texts);
  if (expected === undefined) {
    // deno-lint-ignore no-console -- says why nothing was compared
    console.log("SKIPPED: python3 is not installed");
    return;
  }
  await withImap(async (server) => {
    const client = await server.connect();
    await client.ok("LOGIN alice secret");
    for (const text of texts) await client.append(text);
    await client.ok("EXAMINE INBOX");
    for (const [n, parts] of expected.entries()) {
      await compare(client, n + 1, parts, texts[n] ?? "");
    }
  });
});

async function compare(
  client: ImapTestClient,
  seq: number,
  parts: Parts,
  text: string,
): Promise<void> {
  const where = (path: string): string => `part ${path} of ${text}`;
  const structure = new Map<string, ImapValue[]>();
  const whole = await fetchItem(client, seq, "BODYSTRUCTURE");
  number(listOf(whole), "", structure);
  assert.deepEqual(
    [...structure.keys()].sort(),
    Object.keys(parts).sort(),
    where(""),
  );
  for (const [path, part] of Object.entries(parts)) {
    const found = structure.get(path) ?? [];
    if (part.type.startsWith("multipart/")) {
      const at = found.findIndex((value) => typeof value === "string");
      assert.equal(`multipart/${found[at]}`.toLowerCase(), part.type);
      checkParams(found[at + 1], part, where(path));
      continue;
    }
    checkLeaf(found, part, where(path));
    const raw = await fetchItem(client, seq, `BODY.PEEK[${path}]`);
    assert.equal(Number(found[6]), String(raw ?? "").length, where(path));
    if (part.raw === undefined) {
      const header = await fetchItem(client, seq, `BODY.PEEK[${path}.HEADER]`);
      const body = await fetchItem(client, seq, `BODY.PEEK[${path}.TEXT]`);
      assert.equal(raw, `${header}${body}`, where(path));
      continue;
    }
    assert.equal(encodeBase64(bytesOf(String(raw))), part.raw, where(path));
    const decoded = await fetchItem(client, seq, `BINARY.PEEK[${path}]`);
    assert.equal(
      encodeBase64(bytesOf(String(decoded))),
      part.decoded,
      where(path),
    );
  }
}

function checkLeaf(found: ImapValue[], part: Part, where: string): void {
  const [type, subtype, , id, description, encoding] = found;
  assert.equal(`${type}/${subtype}`.toLowerCase(), part.type, where);
  checkParams(found[2], part, where);
  assert.equal(id, part.id, where);
  assert.equal(description, part.description, where);
  assert.equal(String(encoding).toLowerCase(), part.encoding, where);
  // Behind size come: lines of text; envelope, body and lines of a message.
  const isText = part.type.startsWith("text/");
  const isMessage = part.type === "message/rfc822";
  const [md5, disposition, , location] = found.slice(
    isText ? 8 : isMessage ? 10 : 7,
  );
  assert.equal(md5, part.md5, where);
  assert.equal(location ?? null, part.location, where);
  const kind = disposition === null || disposition === undefined
    ? null
    : String(listOf(disposition)[0]).toLowerCase();
  assert.equal(kind, part.disposition, where);
  if (!isText || part.raw === undefined) return;
  const lines = atob(part.raw).split("\n").length - 1;
  assert.equal(Number(found[7]), lines, where);
}

/** Parameters by name, where both sides spell them alike. */
function checkParams(
  found: ImapValue | undefined,
  { params }: Part,
  where: string,
): void {
  if (params === undefined) return;
  const list = found === null || found === undefined ? [] : listOf(found);
  const own: Record<string, unknown> = {};
  for (let n = 0; n < list.length; n += 2) {
    own[String(list[n]).toLowerCase()] = list[n + 1];
  }
  const isPlain = Object.keys(own).every((name) => !name.includes("*")) &&
    Object.values(params).every((value) =>
      // Python makes U+FFFD of bytes beyond ASCII.
      typeof value === "string" && /^[ -~\r\n\t]*$/.test(value)
    );
  if (isPlain) assert.deepEqual(own, params, where);
}

/** Gives each part of a BODYSTRUCTURE its number. */
function number(
  body: ImapValue[],
  path: string,
  found: Map<string, ImapValue[]>,
): void {
  if (Array.isArray(body[0])) {
    let n = 0;
    for (const child of body) {
      if (!Array.isArray(child)) break;
      entity(child, path === "" ? `${++n}` : `${path}.${++n}`, found);
    }
    return;
  }
  entity(body, path === "" ? "1" : `${path}.1`, found);
}

function entity(
  body: ImapValue[],
  path: string,
  found: Map<string, ImapValue[]>,
): void {
  found.set(path, body);
  if (Array.isArray(body[0])) number(body, path, found);
  else if (`${body[0]}/${body[1]}`.toLowerCase() === "message/rfc822") {
    number(listOf(body[8]), path, found);
  }
}

function listOf(value: ImapValue | undefined): ImapValue[] {
  assert.ok(Array.isArray(value), JSON.stringify(value));
  return value;
}

/** The value of one item of one message. */
async function fetchItem(
  client: ImapTestClient,
  seq: number,
  item: string,
): Promise<ImapValue> {
  const answer = await client.ok(`FETCH ${seq} ${item}`);
  const start = answer.indexOf("FETCH (") + 7;
  return readImapValue(answer, answer.indexOf(" ", start) + 1);
}
