/**
 * `smtp`: mail from other servers, and from people who log in. RFC 5321. The
 * protocol is in `src/smtp`, the work of the endpoint in `smtp_endpoint.ts`.
 */
import { defineModule } from "#src/module/define.ts";
import { pipelinePermissions } from "#src/pipeline/pipeline_permissions.ts";
import { LOGIN_SCHEMA, SMTP_SCHEMA } from "./smtp_schema.ts";

/** The module. */
export const smtp = defineModule({
  name: "smtp",
  version: "1.0.0",
  doc: "Takes mail over SMTP (RFC 5321), from servers and from people.\n\n" +
    "The names of a block are the addresses to listen on, as in " +
    "`smtp 0.0.0.0:25 { }`. Without steps, mail for local domains is checked " +
    "and delivered, and who has logged in may send to everybody.",
  roles: ["endpoint"],
  home: "endpoint",
  listens: true,
  config: { ...SMTP_SCHEMA, ...LOGIN_SCHEMA },
  permissions: (_config, setting) => pipelinePermissions(setting),
  create: async (config, host) => {
    const { SmtpEndpoint } = await import("./smtp_endpoint.ts");
    const endpoint = new SmtpEndpoint("smtp", config, config, host);
    return {
      endpoint,
      start: () => endpoint.start(),
      drain: () => endpoint.drain(),
      stop: () => endpoint.stop(),
    };
  },
});
