/**
 * The addresses of a From field. RFC 5322 section 3.4, with the groups of RFC
 * 6854. Only the addresses: names are not decoded.
 */

/** Longest field that is read; whoever sends more gets no answer but "no". */
const MAX_BYTES = 64 * 1024;

/**
 * Every address in the value, without comments and names; `undefined` where
 * the field cannot be understood, which is never "nobody".
 */
export function authorAddresses(
  value: Uint8Array,
): readonly string[] | undefined {
  if (value.length > MAX_BYTES) return undefined;
  const text = new TextDecoder().decode(value).replace(/\r?\n/g, "");
  const addresses: string[] = [];
  for (const mailbox of mailboxes(text)) {
    const address = addressOf(mailbox);
    if (address === undefined) return undefined;
    if (address !== "") addresses.push(address);
  }
  return addresses;
}

/** A mailbox as tokens: quoted strings and angle brackets stay whole. */
type Token =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "quoted"; readonly text: string }
  | { readonly kind: "angle"; readonly text: string }
  | { readonly kind: "broken" };

/** Splits at commas, semicolons and the colon of a group. */
function* mailboxes(text: string): Generator<readonly Token[]> {
  let tokens: Token[] = [];
  let inGroup = false;
  for (const token of tokenize(text)) {
    if (token.kind !== "text") {
      tokens.push(token);
    } else if (token.text === "," || token.text === ";") {
      yield tokens;
      tokens = [];
      if (token.text === ";") inGroup = false;
    } else if (token.text === ":") {
      // An address there is dropped here, and may be shown elsewhere.
      if (inGroup || !tokens.every(isGroupName)) {
        return yield [{ kind: "broken" }];
      }
      inGroup = true;
      tokens = [];
    } else {
      tokens.push(token);
    }
  }
  yield tokens;
}

function isGroupName(token: Token): boolean {
  return token.kind === "quoted" ||
    (token.kind === "text" && !token.text.includes("@"));
}

function* tokenize(text: string): Generator<Token> {
  let at = 0;
  while (at < text.length) {
    const character = text[at] ?? "";
    if (character === "(") {
      const end = commentEnd(text, at);
      if (end < 0) return yield { kind: "broken" };
      at = end;
    } else if (character === '"') {
      const end = quotedEnd(text, at);
      if (end < 0) return yield { kind: "broken" };
      yield { kind: "quoted", text: text.slice(at, end) };
      at = end;
    } else if (character === "<") {
      const end = angleEnd(text, at);
      if (end < 0) return yield { kind: "broken" };
      yield { kind: "angle", text: text.slice(at + 1, end - 1) };
      at = end;
    } else if (/[,;:>]/.test(character)) {
      if (character === ">") return yield { kind: "broken" };
      yield { kind: "text", text: character };
      at++;
    } else if (character === " " || character === "\t") {
      at++;
    } else {
      const rest = /^[^\s(),:;<>"]+/.exec(text.slice(at, at + 2000))?.[0];
      if (rest === undefined) return yield { kind: "broken" };
      yield { kind: "text", text: rest };
      at += rest.length;
    }
  }
}

/** The offset behind a comment, which may nest. */
function commentEnd(text: string, start: number): number {
  let depth = 0;
  for (let at = start; at < text.length; at++) {
    if (text[at] === "\\") at++;
    else if (text[at] === "(") depth++;
    else if (text[at] === ")" && --depth === 0) return at + 1;
  }
  return -1;
}

function quotedEnd(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at++) {
    if (text[at] === "\\") at++;
    else if (text[at] === '"') return at + 1;
  }
  return -1;
}

function angleEnd(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at++) {
    if (text[at] === '"') {
      const end = quotedEnd(text, at);
      if (end < 0) return -1;
      at = end - 1;
    } else if (text[at] === ">") return at + 1;
    else if (text[at] === "<") return -1;
  }
  return -1;
}

/** The address; empty for an empty mailbox, `undefined` for nonsense. */
function addressOf(tokens: readonly Token[]): string | undefined {
  if (tokens.length === 0) return "";
  if (tokens.some(({ kind }) => kind === "broken")) return undefined;
  const angles = tokens.filter((token) => token.kind === "angle");
  const [angle, another] = angles;
  if (another !== undefined) return undefined;
  // Behind the address only a comment may stand.
  if (angle !== undefined && tokens.at(-1) !== angle) return undefined;
  const text = angle === undefined
    ? tokens.map((token) => token.kind === "broken" ? "" : token.text).join("")
    : angle.text.replace(/\s+/g, "");
  return /^[^@\s].*@[^@\s]+$|^[^@\s]+$/.test(text) ? text : undefined;
}
