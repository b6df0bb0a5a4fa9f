/**
 * `submission`: mail from people who log in. RFC 6409, RFC 8314. The
 * protocol is in `src/smtp`, the work of the endpoint in `smtp_endpoint.ts`.
 */
import { defineModule } from "#src/module/define.ts";
import { pipelinePermissions } from "#src/pipeline/pipeline_permissions.ts";
import { LOGIN_SCHEMA, SMTP_SCHEMA } from "./smtp_schema.ts";

/** The module. */
export const submission = defineModule({
  name: "submission",
  version: "1.0.0",
  doc: "Takes mail from people who have logged in (RFC 6409).\n\n" +
    "MAIL is refused before AUTH. Date and Message-ID are added where they " +
    "are missing. On port 465 TLS begins with the first byte (RFC 8314).",
  roles: ["endpoint"],
  home: "endpoint",
  listens: true,
  config: { ...SMTP_SCHEMA, ...LOGIN_SCHEMA },
  permissions: (_config, setting) => pipelinePermissions(setting),
  create: async (config, host) => {
    const { SmtpEndpoint } = await import("./smtp_endpoint.ts");
    const endpoint = new SmtpEndpoint("submission", config, config, host);
    return {
      endpoint,
      start: () => endpoint.start(),
      drain: () => endpoint.drain(),
      stop: () => endpoint.stop(),
    };
  },
});
