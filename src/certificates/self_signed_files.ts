/** The files of self-made certificates: made once, renewed before their end. */
import { X509Certificate } from "node:crypto";
import { join } from "node:path";
import type { KeyPairPaths } from "./key_pair_files.ts";
import {
  type MadeCertificate,
  makeAuthority,
  makeLeaf,
} from "./make_certificate.ts";
import { selfSignedPaths } from "./self_signed_paths.ts";

const DAY_MS = 24 * 60 * 60 * 1000;
/** An authority that people have trusted by hand should stay. */
const AUTHORITY_DAYS = 3650;
/** Clients refuse leaves that live longer than 398 days or so. */
const LEAF_DAYS = 397;
/** A leaf is made again when less than this is left. */
const RENEW_DAYS = 60;

/** Makes what is missing, too old, or for other names. */
export async function ensureSelfSigned(
  folder: string,
  names: readonly string[],
  now: number,
): Promise<void> {
  await Deno.mkdir(folder, { recursive: true, mode: 0o700 });
  const paths = selfSignedPaths(folder);
  const authorityPaths: KeyPairPaths = {
    chain: join(folder, "authority.pem"),
    key: join(folder, "authority-key.pem"),
  };
  let authority = await readPair(authorityPaths);
  const isNew = authority === undefined ||
    endsBefore(authority, now + LEAF_DAYS * DAY_MS);
  if (authority === undefined || isNew) {
    authority = makeAuthority(`Epistle ${names[0]}`, now, AUTHORITY_DAYS);
    await writePair(authorityPaths, authority);
  }
  const leaf = await readPair(paths);
  if (
    !isNew && leaf !== undefined && hasNames(leaf, names) &&
    !endsBefore(leaf, now + RENEW_DAYS * DAY_MS)
  ) return;
  await writePair(paths, makeLeaf(authority, names, now, LEAF_DAYS));
}

function endsBefore({ certificate }: MadeCertificate, time: number): boolean {
  return new X509Certificate(certificate).validToDate.getTime() < time;
}

function hasNames(
  { certificate }: MadeCertificate,
  names: readonly string[],
): boolean {
  const leaf = new X509Certificate(certificate);
  const present = new Set(
    [...(leaf.subjectAltName ?? "").matchAll(/:([^,\s]+)/g)]
      .map(([, name]) => name),
  );
  return names.every((name) => present.has(name));
}

/** The pair; `undefined` where it is absent or cannot be read as one. */
async function readPair(
  paths: KeyPairPaths,
): Promise<MadeCertificate | undefined> {
  try {
    const [certificate, key] = await Promise.all([
      Deno.readTextFile(paths.chain),
      Deno.readTextFile(paths.key),
    ]);
    const isPair = new X509Certificate(certificate).validTo !== "" &&
      key.includes("PRIVATE KEY");
    return isPair ? { certificate, key } : undefined;
  } catch (error) {
    if (error instanceof Deno.errors.PermissionDenied) throw error;
    return undefined;
  }
}

/** The key first: a chain without its key is worse than the old pair. */
async function writePair(
  paths: KeyPairPaths,
  { certificate, key }: MadeCertificate,
): Promise<void> {
  await writeWhole(paths.key, key, 0o600);
  await writeWhole(paths.chain, certificate, 0o644);
}

/** Under another name first, so that nobody reads half of it. */
async function writeWhole(
  path: string,
  text: string,
  mode: number,
): Promise<void> {
  const draft = `${path}.new`;
  await Deno.remove(draft).catch((error) => {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  });
  const file = await Deno.open(draft, { write: true, createNew: true, mode });
  try {
    const bytes = new TextEncoder().encode(text);
    let at = 0;
    while (at < bytes.length) at += await file.write(bytes.subarray(at));
    await file.sync();
  } finally {
    file.close();
  }
  await Deno.rename(draft, path);
}
