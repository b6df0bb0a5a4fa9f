/** A certificate and its key in files: read, watched, matched by name. */
import { indexOfBytes } from "#src/bytes/index_of_bytes.ts";
import type { Clock } from "#src/clock/clock.ts";
import type { Log } from "#src/log/log.ts";
import type {
  Certificate,
  Certificates,
} from "#src/module/roles/certificates.ts";
import { firstCertificate } from "#src/net/first_certificate.ts";

/** Where a certificate is. */
export interface KeyPairPaths {
  readonly chain: string;
  readonly key: string;
}

/** How often the files are looked at. Renewals are days ahead of the end. */
const LOOK_MS = 60_000;

/** One certificate with the names for which it stands. */
interface Loaded {
  readonly certificate: Certificate;
  readonly names: readonly string[];
}

/**
 * Certificates from pairs of files; the first is the default. Files that
 * change are read again; a pair that cannot be used keeps the old one in use.
 */
export class KeyPairFiles implements Certificates {
  readonly #paths: readonly KeyPairPaths[];
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #listeners = new Set<() => void>();
  #loaded: readonly Loaded[] = [];

  constructor(paths: readonly KeyPairPaths[], clock: Clock, log: Log) {
    this.#paths = paths;
    this.#clock = clock;
    this.#log = log;
  }

  /** Reads the files; rejects where one cannot be used. */
  async load(): Promise<void> {
    this.#loaded = await Promise.all(this.#paths.map(loadPair));
  }

  /** Looks for changes until it is aborted. */
  async watch(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.#clock.sleep(LOOK_MS, signal);
      await this.look();
    }
  }

  /** Reads the files and says whether something has changed. */
  async look(): Promise<boolean> {
    let loaded: readonly Loaded[];
    try {
      loaded = await Promise.all(this.#paths.map(loadPair));
    } catch (error) {
      this.#log.error("certificate not usable", { error });
      return false;
    }
    const isSame = loaded.every(({ certificate }, i) => {
      const old = this.#loaded[i]?.certificate;
      return old?.chain === certificate.chain && old.key === certificate.key;
    });
    if (isSame) return false;
    this.#loaded = loaded;
    this.#log.info("certificates changed");
    for (const listener of [...this.#listeners]) listener();
    return true;
  }

  get(serverName: string | undefined): Promise<Certificate | undefined> {
    const [first] = this.#loaded;
    const found = serverName === undefined
      ? first
      : this.#loaded.find(({ names }) => isNamed(serverName, names)) ?? first;
    return Promise.resolve(found?.certificate);
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}

async function loadPair(paths: KeyPairPaths): Promise<Loaded> {
  const [chain, key] = await Promise.all([
    Deno.readTextFile(paths.chain),
    Deno.readTextFile(paths.key),
  ]);
  const { createPrivateKey, createPublicKey, X509Certificate } = await import(
    "node:crypto"
  );
  const leaf = parsed(
    paths.chain,
    "certificate",
    () => new X509Certificate(chain),
  );
  const publicKey = parsed(
    paths.key,
    "private key without password",
    () => createPublicKey(createPrivateKey(key)),
  ).export({ type: "spki", format: "der" });
  // Otherwise each handshake would fail, and nobody would know why. A
  // certificate has the same bytes (RFC 5280 section 4.1.2.7).
  if (indexOfBytes(firstCertificate(chain), publicKey) < 0) {
    throw new Error(`${paths.key} is not the key of ${paths.chain}`);
  }
  const names = [...(leaf.subjectAltName ?? "").matchAll(/DNS:([^,\s]+)/g)]
    .map(([, name = ""]) => name.toLowerCase());
  return { certificate: { chain, key }, names };
}

/** What crypto makes of a file; its own errors do not say what was read. */
function parsed<T>(path: string, what: string, parse: () => T): T {
  try {
    return parse();
  } catch (cause) {
    throw new Error(`${path} holds no PEM ${what}`, { cause });
  }
}

/** RFC 6125 section 6.4.3: `*` stands for the first label alone. */
function isNamed(serverName: string, names: readonly string[]): boolean {
  const name = serverName.toLowerCase();
  const wildcard = name.replace(/^[^.]+/, "*");
  return names.includes(name) || names.includes(wildcard);
}
