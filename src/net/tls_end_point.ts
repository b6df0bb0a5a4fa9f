/** The channel binding `tls-server-end-point`. RFC 5929 section 4.1. */
import { createHash } from "node:crypto";
import { derElement, derElements, derHex, TAGS } from "./der_element.ts";
import { firstCertificate } from "./first_certificate.ts";

/**
 * Hash functions by the object identifier of the signature algorithm, in hex
 * without tag and length. RFC 4055, RFC 5758. MD5 and SHA-1 count as SHA-256.
 */
const HASHES: Readonly<Record<string, string>> = {
  "2a864886f70d010104": "sha256", // md5WithRSAEncryption
  "2a864886f70d010105": "sha256", // sha1WithRSAEncryption
  "2a864886f70d01010b": "sha256", // sha256WithRSAEncryption
  "2a864886f70d01010c": "sha384",
  "2a864886f70d01010d": "sha512",
  "2a8648ce3d0401": "sha256", // ecdsa-with-SHA1
  "2a8648ce3d040302": "sha256", // ecdsa-with-SHA256
  "2a8648ce3d040303": "sha384",
  "2a8648ce3d040304": "sha512",
};

/**
 * The hash of the first certificate of a PEM chain; `undefined` where its
 * signature has no hash function of its own (Ed25519): nothing is defined then.
 */
export function tlsEndPoint(chain: string): Uint8Array | undefined {
  const der = firstCertificate(chain);
  const hash = HASHES[signatureAlgorithm(der) ?? ""];
  if (hash === undefined) return undefined;
  return new Uint8Array(createHash(hash).update(der).digest());
}

/** The identifier in hex. RFC 5280 section 4.1: the second of three elements. */
function signatureAlgorithm(der: Uint8Array): string | undefined {
  const certificate = derElement(der, 0);
  if (certificate === undefined) return undefined;
  const [, algorithm] = derElements(der, certificate);
  if (algorithm === undefined) return undefined;
  const [identifier] = derElements(der, algorithm);
  if (identifier?.tag !== TAGS.objectIdentifier) return undefined;
  return derHex(der, identifier);
}
