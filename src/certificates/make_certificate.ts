/**
 * Makes X.509 certificates with P-256 keys: an authority, and a leaf that it
 * signs. RFC 5280. P-256 because TLS handshakes with it are half again as fast
 * as with RSA-2048. A leaf that is its own authority is refused by many
 * clients, so there are always two.
 */
import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
  sign,
  X509Certificate,
} from "node:crypto";
import {
  bitString,
  boolean,
  explicit,
  generalizedTime,
  implicit,
  integer,
  octetString,
  oid,
  sequence,
  set,
  utcTime,
  utf8String,
} from "./der.ts";

/** A certificate and its key, PEM. */
export interface MadeCertificate {
  readonly certificate: string;
  readonly key: string;
}

const OID = {
  commonName: "2.5.4.3",
  ecdsaWithSha256: "1.2.840.10045.4.3.2",
  basicConstraints: "2.5.29.19",
  keyUsage: "2.5.29.15",
  extendedKeyUsage: "2.5.29.37",
  serverAuth: "1.3.6.1.5.5.7.3.1",
  subjectAltName: "2.5.29.17",
  subjectKeyIdentifier: "2.5.29.14",
  authorityKeyIdentifier: "2.5.29.35",
} as const;

const DAY_MS = 24 * 60 * 60 * 1000;
/** Clocks of clients may be behind. */
const BACKDATE_MS = DAY_MS;
/** UTCTime ends there. RFC 5280 section 4.1.2.5. */
const UTC_TIME_END = Date.UTC(2050, 0, 1);

/** What stands in a certificate. */
interface Contents {
  readonly subject: string;
  readonly issuer: string;
  readonly publicKey: KeyObject;
  readonly issuerKey: KeyObject;
  readonly from: number;
  readonly to: number;
  readonly extensions: readonly Uint8Array[];
}

/** An authority that may sign leaves. */
export function makeAuthority(
  name: string,
  now: number,
  days: number,
): MadeCertificate {
  const { publicKey, privateKey } = newKeys();
  const der = signed({
    subject: name,
    issuer: name,
    publicKey,
    issuerKey: privateKey,
    from: now - BACKDATE_MS,
    to: now + days * DAY_MS,
    extensions: [
      extension(
        OID.basicConstraints,
        critical,
        sequence(boolean(isAuthority), integer(Uint8Array.of(0))),
      ),
      // keyCertSign and cRLSign.
      extension(OID.keyUsage, critical, bitString(Uint8Array.of(0x06), 1)),
      keyIdentifier(publicKey),
    ],
  });
  return { certificate: toPem(der), key: exportKey(privateKey) };
}

/** A leaf for servers of these names, the first one as its subject. */
export function makeLeaf(
  authority: MadeCertificate,
  names: readonly string[],
  now: number,
  days: number,
): MadeCertificate {
  const { publicKey, privateKey } = newKeys();
  const issuer = new X509Certificate(authority.certificate);
  const der = signed({
    subject: names[0] ?? "localhost",
    issuer: issuer.subject.replace(/^CN=/, ""),
    publicKey,
    issuerKey: createPrivateKey(authority.key),
    from: now - BACKDATE_MS,
    to: now + days * DAY_MS,
    extensions: [
      extension(OID.basicConstraints, critical, sequence()),
      // digitalSignature.
      extension(OID.keyUsage, critical, bitString(Uint8Array.of(0x80), 7)),
      extension(
        OID.extendedKeyUsage,
        !critical,
        sequence(oid(OID.serverAuth)),
      ),
      extension(
        OID.subjectAltName,
        !critical,
        sequence(...names.map(generalName)),
      ),
      keyIdentifier(publicKey),
      extension(
        OID.authorityKeyIdentifier,
        !critical,
        sequence(implicit(0, identifierOf(createPublicKey(authority.key)))),
      ),
    ],
  });
  return {
    certificate: toPem(der) + authority.certificate,
    key: exportKey(privateKey),
  };
}

const critical = true;
const isAuthority = true;

function newKeys(): { publicKey: KeyObject; privateKey: KeyObject } {
  return generateKeyPairSync("ec", { namedCurve: "P-256" });
}

function signed(contents: Contents): Uint8Array {
  const algorithm = sequence(oid(OID.ecdsaWithSha256));
  const serial = new Uint8Array(randomBytes(16));
  // Positive and of full length. RFC 5280 section 4.1.2.2.
  serial[0] = ((serial[0] ?? 0) & 0x3f) | 0x40;
  const body = sequence(
    explicit(0, integer(Uint8Array.of(2))),
    integer(serial),
    algorithm,
    distinguishedName(contents.issuer),
    sequence(time(contents.from), time(contents.to)),
    distinguishedName(contents.subject),
    publicKeyInfo(contents.publicKey),
    explicit(3, sequence(...contents.extensions)),
  );
  const signature = new Uint8Array(sign("sha256", body, contents.issuerKey));
  return sequence(body, algorithm, bitString(signature));
}

function time(ms: number): Uint8Array {
  return ms < UTC_TIME_END ? utcTime(ms) : generalizedTime(ms);
}

function distinguishedName(name: string): Uint8Array {
  // A common name has 64 characters at most; the names that count are others.
  const text = utf8String(name.slice(0, 64));
  return sequence(set(sequence(oid(OID.commonName), text)));
}

function publicKeyInfo(key: KeyObject): Uint8Array {
  return new Uint8Array(key.export({ type: "spki", format: "der" }));
}

/** RFC 5280 section 4.2.1.2: any hash that tells keys apart. */
function identifierOf(key: KeyObject): Uint8Array {
  const hash = createHash("sha256").update(publicKeyInfo(key)).digest();
  return new Uint8Array(hash).subarray(0, 20);
}

function keyIdentifier(key: KeyObject): Uint8Array {
  return extension(
    OID.subjectKeyIdentifier,
    !critical,
    octetString(identifierOf(key)),
  );
}

function extension(
  id: string,
  isCritical: boolean,
  value: Uint8Array,
): Uint8Array {
  return isCritical
    ? sequence(oid(id), boolean(isCritical), octetString(value))
    : sequence(oid(id), octetString(value));
}

/** A dNSName, or an iPAddress for IPv4. RFC 5280 section 4.2.1.6. */
function generalName(name: string): Uint8Array {
  const isIpv4 = /^[0-9]{1,3}(?:\.[0-9]{1,3}){3}$/.test(name);
  return isIpv4
    ? implicit(
      7,
      Uint8Array.from(name.split("."), (part) => Number.parseInt(part, 10)),
    )
    : implicit(2, new TextEncoder().encode(name));
}

function exportKey(key: KeyObject): string {
  return key.export({ type: "pkcs8", format: "pem" }).toString();
}

function toPem(der: Uint8Array): string {
  const lines = der.toBase64().replace(/.{64}/g, "$&\n").trimEnd();
  return `-----BEGIN CERTIFICATE-----\n${lines}\n-----END CERTIFICATE-----\n`;
}
