/** Certificates of TLS clients, made by openssl: not by our own code. */
import { peer } from "./peer.ts";

/** Paths of an authority or a client. */
export interface CertificateFiles {
  readonly certificate: string;
  readonly key: string;
}

const NEW_KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"];

/** An authority of that name in the folder, for ten days. */
export async function makeClientAuthority(
  folder: string,
  name: string,
): Promise<CertificateFiles> {
  const files = filesOf(folder, name);
  await peer("openssl", [
    ...["req", "-x509", ...NEW_KEY, "-nodes", "-days", "10"],
    ...["-subj", `/CN=${name}`, "-keyout", files.key],
    ...["-out", files.certificate],
  ]);
  return files;
}

/** A certificate with these extensions, as openssl spells them, for ten days. */
export async function makeClientCertificate(
  folder: string,
  authority: CertificateFiles,
  { name, extensions }: { readonly name: string; readonly extensions: string },
): Promise<CertificateFiles> {
  const files = filesOf(folder, name);
  const request = `${folder}/${name}.csr`;
  const settings = `${folder}/${name}.ext`;
  await Deno.writeTextFile(settings, extensions);
  await peer("openssl", [
    ...["req", ...NEW_KEY, "-nodes", "-subj", `/CN=${name}`],
    ...["-keyout", files.key, "-out", request],
  ]);
  await peer("openssl", [
    ...["x509", "-req", "-in", request, "-days", "10", "-extfile", settings],
    ...["-CA", authority.certificate, "-CAkey", authority.key],
    ...["-CAcreateserial", "-out", files.certificate],
  ]);
  return files;
}

function filesOf(folder: string, name: string): CertificateFiles {
  return { certificate: `${folder}/${name}.pem`, key: `${folder}/${name}.key` };
}
