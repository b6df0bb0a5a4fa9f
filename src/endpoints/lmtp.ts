/**
 * `lmtp`: mail from servers that are trusted. RFC 2033. The
 * protocol is in `src/smtp`, the work of the endpoint in `smtp_endpoint.ts`.
 */
import { defineModule } from "#src/module/define.ts";
import { pipelinePermissions } from "#src/pipeline/pipeline_permissions.ts";
import { SMTP_SCHEMA } from "./smtp_schema.ts";

/** The module. */
export const lmtp = defineModule({
  name: "lmtp",
  version: "1.0.0",
  doc: "Takes mail over LMTP (RFC 2033), from servers that are trusted.\n\n" +
    "Nobody logs in here: listen where only those servers can connect. Each " +
    "recipient gets an answer of its own.",
  roles: ["endpoint"],
  home: "endpoint",
  listens: true,
  config: SMTP_SCHEMA,
  permissions: (_config, setting) => pipelinePermissions(setting),
  create: async (config, host) => {
    const { SmtpEndpoint } = await import("./smtp_endpoint.ts");
    const endpoint = new SmtpEndpoint("lmtp", config, undefined, host);
    return {
      endpoint,
      start: () => endpoint.start(),
      drain: () => endpoint.drain(),
      stop: () => endpoint.stop(),
    };
  },
});
