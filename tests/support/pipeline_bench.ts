/**
 * A pipeline with fakes around it: steps as text, filters, deliveries and
 * tables by name, a session to send messages through.
 */
import type { Clock } from "#src/clock/clock.ts";
import { SYSTEM_CLOCK } from "#src/clock/clock.ts";
import type { ConfigError } from "#src/config/errors.ts";
import type { Scope } from "#src/config/directive.ts";
import { parseTree } from "#src/config/parse_tree.ts";
import { DnsError, type Resolver } from "#src/dns/resolver.ts";
import { SILENT_LOG } from "#src/log/log.ts";
import type { Host } from "#src/module/host.ts";
import type { Auth } from "#src/module/roles/auth.ts";
import type { Delivery } from "#src/module/roles/delivery.ts";
import type { Filter } from "#src/module/roles/filter.ts";
import type { Roles } from "#src/module/roles/roles.ts";
import type {
  MailParameters,
  Recipient,
  SessionInfo,
} from "#src/module/roles/session.ts";
import type { Table } from "#src/module/roles/table.ts";
import { compilePipeline } from "#src/pipeline/compile.ts";
import type {
  CompiledPipeline,
  PipelineTransaction,
} from "#src/pipeline/contract.ts";
import type { PipelineSettings } from "#src/pipeline/settings.ts";
import type { Step } from "#src/pipeline/step.ts";
import { steps } from "#src/pipeline/steps.ts";
import type { SmtpError } from "#src/smtp/reply.ts";
import { testGlobals } from "#tests/support/test_host.ts";

/** Everything that steps can refer to. */
export interface Instances {
  readonly filters?: Readonly<Record<string, Filter>>;
  readonly deliveries?: Readonly<Record<string, Delivery>>;
  readonly tables?: Readonly<Record<string, Table>>;
  readonly auth?: Auth;
}

/** Refuses every lookup: what a test does not name does not exist. */
export const DENY_DNS: Resolver = {
  a: (name) => Promise.reject(new DnsError("nxdomain", name)),
  aaaa: (name) => Promise.reject(new DnsError("nxdomain", name)),
  mx: (name) => Promise.reject(new DnsError("nxdomain", name)),
  txt: (name) => Promise.reject(new DnsError("nxdomain", name)),
  ptr: (name) => Promise.reject(new DnsError("nxdomain", name)),
};

/** Reads steps as they stand in a configuration file; throws mistakes. */
export function parseSteps(text: string): readonly Step[] {
  const { nodes, errors } = parseTree(text, "test.conf");
  const mistakes: ConfigError[] = [...errors];
  const at = { file: "test.conf", line: 1, column: 1 };
  const scope: Scope = {
    at,
    report: (error) => mistakes.push(error),
    reference: (role, name) => name?.text ?? `default-${role}`,
    referenceWithOptions: (role, name, options) => ({
      instance: name?.text ?? `default-${role}`,
      options: Object.fromEntries(
        options.map((node) => [node.name, node.args[0]?.text ?? true]),
      ),
    }),
    resolvePath: (path) => path,
    noteDomain() {},
  };
  const parsed = steps({ doc: "Steps." }).parse(nodes, scope);
  const [first] = mistakes;
  if (first !== undefined) throw first;
  return parsed;
}

/** A host that finds the instances by name. */
export function fakeHost(instances: Instances, folder: string, options: {
  readonly resolver?: Resolver;
  readonly clock?: Clock;
} = {}): Host {
  const globals = testGlobals({
    hostname: "mx.example.org",
    domains: ["example.org", "example.net"],
    state_dir: folder,
    spool_dir: `${folder}/spool`,
    postmaster: "postmaster@example.org",
    control_socket: `${folder}/control`,
  });
  const byRole: Record<string, Readonly<Record<string, unknown>> | undefined> =
    {
      filter: instances.filters,
      delivery: instances.deliveries,
      table: instances.tables,
      auth: { accounts: instances.auth },
    };
  return {
    instance: "smtp",
    addresses: [],
    worker: "main",
    globals,
    log: SILENT_LOG,
    clock: options.clock ?? SYSTEM_CLOCK,
    resolver: options.resolver ?? DENY_DNS,
    use: ({ role, instance }) => {
      const found = byRole[role]?.[instance];
      if (found === undefined) throw new Error(`no ${role} ${instance}`);
      return found as Roles[typeof role];
    },
    spawn: () => {
      throw new Error("nothing is spawned here");
    },
  };
}

/** A session with a client on the Internet. */
export const SESSION: SessionInfo = {
  id: "s1",
  protocol: "smtp",
  remoteAddress: "192.0.2.7",
  remotePort: 40000,
  localAddress: "198.51.100.1",
  localPort: 25,
  helo: "client.test",
  esmtp: true,
  tls: undefined,
  identity: undefined,
};

/** The same after a login. */
export const LOGGED_IN: SessionInfo = {
  ...SESSION,
  identity: { account: "alice@example.org", auth: "accounts" },
  tls: { version: "TLSv1.3", cipher: "TLS_AES_256_GCM_SHA384", serverName: "" },
};

/** A recipient without DSN parameters. */
export function rcpt(address: string): Recipient {
  return { address, original: address };
}

/** A message as a stream of one chunk, or of pieces of the given size. */
export function streamOf(
  text: string,
  pieceBytes = Number.POSITIVE_INFINITY,
): ReadableStream<Uint8Array> {
  const bytes = new TextEncoder().encode(text);
  let at = 0;
  return new ReadableStream({
    pull(controller): void {
      if (at >= bytes.length) return controller.close();
      const end = Math.min(bytes.length, at + pieceBytes);
      controller.enqueue(bytes.slice(at, end));
      at = end;
    },
  }, { highWaterMark: 0 });
}

/** A small message. */
export const MESSAGE = "From: Bob <bob@sender.test>\r\nSubject: hello\r\n" +
  "Date: Mon, 23 Nov 2026 02:00:00 +0000\r\nMessage-ID: <1@sender.test>\r\n" +
  "\r\nbody\r\n";

/** What came of one message. */
export interface Sent {
  /** The refusal of MAIL, if any. */
  readonly mail?: SmtpError;
  /** Refusals at RCPT, by address as given. */
  readonly refused: Readonly<Record<string, string>>;
  /** Results after DATA of the accepted recipients, in order. */
  readonly results: readonly (string | undefined)[];
}

/** `550 5.1.1` and so on. */
export function codes(error: SmtpError): string {
  return `${error.code} ${error.enhanced}`;
}

/** A pipeline in a folder of its own. */
export class PipelineBench {
  readonly pipeline: CompiledPipeline;
  readonly host: Host;

  constructor(text: string, instances: Instances, options: {
    readonly folder?: string;
    readonly settings?: Partial<PipelineSettings>;
    readonly resolver?: Resolver;
    readonly clock?: Clock;
  } = {}) {
    this.host = fakeHost(
      instances,
      options.folder ?? "/nonexistent",
      options,
    );
    const auth = instances.auth === undefined
      ? {}
      : { auth: { role: "auth", instance: "accounts" } as const };
    this.pipeline = compilePipeline(parseSteps(text), this.host, {
      kind: "smtp",
      ...auth,
      ...options.settings,
    });
  }

  /** Sends one message as a client would; a refusal at MAIL is a result. */
  async send(to: readonly string[], options: {
    readonly from?: string;
    readonly session?: SessionInfo;
    readonly parameters?: MailParameters;
    readonly message?: string | ReadableStream<Uint8Array>;
  } = {}): Promise<Sent> {
    const session = options.session ?? SESSION;
    const opened = this.pipeline.open({ ...session, helo: "" });
    try {
      await opened.connect();
      await opened.helo(session);
      let transaction: PipelineTransaction;
      try {
        const from = options.from ?? "bob@sender.test";
        transaction = await opened.mail(
          session,
          from,
          options.parameters ?? {},
        );
      } catch (error) {
        return { mail: error as SmtpError, refused: {}, results: [] };
      }
      const refused: Record<string, string> = {};
      for (const address of to) {
        try {
          await transaction.recipient(rcpt(address));
        } catch (error) {
          refused[address] = codes(error as SmtpError);
        }
      }
      if (Object.keys(refused).length === to.length) {
        await transaction.abort();
        return { refused, results: [] };
      }
      const message = options.message ?? MESSAGE;
      const results = await transaction.data(
        typeof message === "string" ? streamOf(message) : message,
      );
      return {
        refused,
        results: results.map((error) => error && codes(error)),
      };
    } finally {
      opened.end();
    }
  }
}
