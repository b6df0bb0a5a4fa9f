/** The bytes of the first certificate of a PEM text. RFC 7468 section 2. */
export function firstCertificate(chain: string): Uint8Array {
  const text = /-----BEGIN CERTIFICATE-----([^-]*)-----END/.exec(chain)?.[1];
  return Uint8Array.fromBase64((text ?? "").replaceAll(/\s/g, ""));
}
