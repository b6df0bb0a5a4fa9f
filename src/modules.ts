/**
 * Every module that is compiled in: one import and one entry each. Module files
 * are light; what they need of big libraries they import when they start.
 */
import { fs } from "#src/blobs/fs.ts";
import { auto } from "#src/certificates/auto.ts";
import { certificateFile } from "#src/certificates/certificate_file.ts";
import { selfSigned } from "#src/certificates/self_signed.ts";
import { files } from "#src/deliveries/files.ts";
import { lmtpClient } from "#src/deliveries/lmtp_client.ts";
import { queue } from "#src/deliveries/queue.ts";
import { remote } from "#src/deliveries/remote.ts";
import { smarthost } from "#src/deliveries/smarthost.ts";
import { imap } from "#src/endpoints/imap.ts";
import { lmtp } from "#src/endpoints/lmtp.ts";
import { smtp } from "#src/endpoints/smtp.ts";
import { submission } from "#src/endpoints/submission.ts";
import { dkim } from "#src/filters/dkim.ts";
import { dmarc } from "#src/filters/dmarc.ts";
import { spf } from "#src/filters/spf.ts";
import { verifyHostname } from "#src/filters/verify_hostname.ts";
import type { AnyModule } from "#src/module/define.ts";
import { proxy } from "#src/storage/proxy/module.ts";
import { sqlmail } from "#src/storage/sqlmail/module.ts";
import { file } from "#src/tables/file.ts";
import { regexp } from "#src/tables/regexp.ts";
import { staticTable } from "#src/tables/static.ts";

/** In the order of the reference. */
export const MODULES: readonly AnyModule[] = [
  smtp,
  submission,
  lmtp,
  imap,
  sqlmail,
  proxy,
  queue,
  remote,
  smarthost,
  lmtpClient,
  files,
  fs,
  verifyHostname,
  spf,
  dkim,
  dmarc,
  staticTable,
  file,
  regexp,
  auto,
  selfSigned,
  certificateFile,
];
