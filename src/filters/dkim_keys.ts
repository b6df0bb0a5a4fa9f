/**
 * Keys of DKIM: made once, kept as PEM, used as parsed keys of Web Crypto,
 * whose signing runs off the protocol thread. RFC 6376 section 3.6.1, RFC 8463.
 */
import { Buffer } from "node:buffer";
import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
} from "node:crypto";

/** How a key signs. */
export type DkimAlgorithm = "rsa-sha256" | "ed25519-sha256";

/** A key that can sign. */
export interface DkimKey {
  readonly algorithm: DkimAlgorithm;
  readonly selector: string;
  readonly key: CryptoKey;
  /** Value of the TXT record. */
  readonly record: string;
}

/** The file behind a path that may be a folder. */
export async function keyFile(path: string, name: string): Promise<string> {
  try {
    const { isDirectory } = await Deno.stat(path);
    return isDirectory ? `${path}/${name}` : path;
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    const isFile = /\.[A-Za-z0-9]+$/.test(path);
    return isFile ? path : `${path}/${name}`;
  }
}

/** Keys never leave Web Crypto again. */
const EXTRACTABLE = false;

/** Names of the files inside of folders. */
export const PRIVATE_NAME = "private.pem";
export const PUBLIC_NAME = "public.pem";

/**
 * Makes an RSA-2048 and an Ed25519 key where there is none, and writes their
 * public halves. Gives whether keys were made.
 */
export async function makeKeys(
  privatePath: string,
  publicPath: string,
): Promise<boolean> {
  const privateFile = await keyFile(privatePath, PRIVATE_NAME);
  const publicFile = await keyFile(publicPath, PUBLIC_NAME);
  const before = await readPem(privateFile);
  const keys = before === undefined ? generateKeys() : parseKeys(before);
  if (before === undefined) {
    const text = keys.map((key) =>
      key.export({ format: "pem", type: "pkcs8" }).toString()
    ).join("");
    await writePem(privateFile, text, 0o600);
  }
  if (publicFile !== privateFile && await readPem(publicFile) === undefined) {
    const text = keys.map((key) =>
      createPublicKey(key).export({ format: "pem", type: "spki" }).toString()
    ).join("");
    await writePem(publicFile, text, 0o644);
  }
  return before === undefined;
}

/** Reads the keys; throws where the file is absent or holds none. */
export async function readKeys(
  privatePath: string,
  selector: string,
): Promise<readonly DkimKey[]> {
  const file = await keyFile(privatePath, PRIVATE_NAME);
  const keys = parseKeys(await Deno.readTextFile(file));
  return await Promise.all(keys.map((key) => importKey(key, selector)));
}

function generateKeys(): readonly KeyObject[] {
  const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const ed25519 = generateKeyPairSync("ed25519");
  return [rsa.privateKey, ed25519.privateKey];
}

function parseKeys(text: string): readonly KeyObject[] {
  const blocks = text.match(
    /-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]+?-----END [A-Z ]*PRIVATE KEY-----/g,
  ) ?? [];
  if (blocks.length === 0) throw new Error("No private key in the file");
  return blocks.map((block) => createPrivateKey(block));
}

async function importKey(key: KeyObject, selector: string): Promise<DkimKey> {
  const der = key.export({ format: "der", type: "pkcs8" });
  const pkcs8 = new Uint8Array(der);
  const usage: KeyUsage[] = ["sign"];
  if (key.asymmetricKeyType === "ed25519") {
    return {
      algorithm: "ed25519-sha256",
      selector: `${selector}-ed25519`,
      key: await crypto.subtle.importKey(
        "pkcs8",
        pkcs8,
        { name: "Ed25519" },
        EXTRACTABLE,
        usage,
      ),
      record: `v=DKIM1; k=ed25519; p=${rawEd25519(key)}`,
    };
  }
  if (key.asymmetricKeyType !== "rsa") {
    throw new Error(`A ${key.asymmetricKeyType} key cannot sign for DKIM`);
  }
  const spki = createPublicKey(key).export({ format: "der", type: "spki" });
  return {
    algorithm: "rsa-sha256",
    selector,
    key: await crypto.subtle.importKey(
      "pkcs8",
      pkcs8,
      { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" },
      EXTRACTABLE,
      usage,
    ),
    record: `v=DKIM1; k=rsa; p=${spki.toString("base64")}`,
  };
}

/** The 32 bytes of the public key. RFC 8463 section 4.2. */
function rawEd25519(key: KeyObject): string {
  const spki = createPublicKey(key).export({ format: "der", type: "spki" });
  return Buffer.from(spki.subarray(spki.length - 32)).toString("base64");
}

async function readPem(file: string): Promise<string | undefined> {
  try {
    return await Deno.readTextFile(file);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

/** Written beside and renamed: a crash leaves no half of a key. */
async function writePem(
  file: string,
  text: string,
  mode: number,
): Promise<void> {
  const folder = file.replace(/\/[^/]*$/, "");
  await Deno.mkdir(folder, { recursive: true, mode: 0o700 });
  const temporary = `${file}.${crypto.randomUUID()}`;
  const opened = await Deno.open(temporary, {
    createNew: true,
    write: true,
    mode,
  });
  try {
    const bytes = new TextEncoder().encode(text);
    let at = 0;
    while (at < bytes.length) at += await opened.write(bytes.subarray(at));
    await opened.sync();
  } finally {
    opened.close();
  }
  await Deno.rename(temporary, file);
}
