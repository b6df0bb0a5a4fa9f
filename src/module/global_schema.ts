/** The global directives as a schema, and the defaults that hang together. */
import { join, resolve } from "node:path";
import { block, list } from "#src/config/compound.ts";
import type { ConfigOf } from "#src/config/directive.ts";
import { address, domain, listenAddress, path } from "#src/config/places.ts";
import { duration, size } from "#src/config/quantities.ts";
import { integer, oneOf, optional, string } from "#src/config/values.ts";
import { LOG_LEVELS } from "#src/log/log.ts";
import { formatListenAddress } from "#src/net/listener.ts";
import type { Machine } from "./configuration.ts";
import type { Globals } from "./globals.ts";
import { optionalRef } from "./ref.ts";

/** Most workers of a kind; each costs an isolate of 13 MB and more. */
const MAX_WORKERS = 64;

/** What may stand at the top level besides blocks of modules. */
export const GLOBAL_SCHEMA = {
  hostname: optional(domain({
    doc:
      "The name by which this server greets and which its certificate has. Left out: the host name of the machine.",
  })),
  domains: optional(list(
    domain({ doc: "A domain." }),
    {
      doc:
        "The domains whose mailboxes are here (`match local`). Left out: the hostname, and what `match rcpt-domain` delivers into mailboxes here and nowhere else.",
    },
  )),
  state_dir: path({
    doc:
      "The folder for all state: database, queue, keys. A relative path starts at the folder of the configuration file.",
    default: "/var/lib/epistle",
  }),
  spool_dir: optional(path({
    doc:
      "The folder for messages under way that do not fit in memory. Left out: `spool` in `state_dir`.",
  })),
  min_free: size({
    doc:
      "How much has to stay free on the disk of `spool_dir` (that of `state_dir`, as a rule): with less, SMTP and LMTP take no mail for now (452 4.3.1). 0: no bound.",
    default: "64M",
  }),
  tls: optionalRef("certificates", {
    doc:
      "The certificates of every endpoint that does not name its own. Left out: the default instance of role certificates (`auto`).",
  }),
  workers: optional(integer({
    doc:
      "The number of endpoint workers; 0 runs everything in one thread. Left out: one less than there are cores, at least 1 and at most 8.",
    max: MAX_WORKERS,
  })),
  storage_readers: integer({
    doc: "The number of workers that read mailboxes while one writes.",
    default: 1,
    min: 0,
    max: MAX_WORKERS,
  }),
  dns: optional(listenAddress({
    doc:
      "The name server to ask, as address:port. Left out: those of the machine.",
  })),
  postmaster: optional(address({
    doc:
      "The person who runs this server. Left out: postmaster at the hostname.",
  })),
  log: block({
    level: oneOf(LOG_LEVELS, {
      doc: "Lines of lesser weight are dropped.",
      default: "info",
    }),
    format: oneOf(["text", "json"], {
      doc: "How a line looks.",
      default: "text",
    }),
    output: string({
      doc: "`stderr`, or the path of a file to append to.",
      default: "stderr",
    }),
  }, { doc: "What is logged, and where to." }),
  control_socket: optional(path({
    doc:
      "The socket over which the command line talks to the server. Left out: `control.sock` in `state_dir`.",
  })),
  drain_time: duration({
    doc: "How long a stopping server waits for what runs.",
    default: "30s",
  }),
} as const;

/** What the lines of the file say; the rest is filled in by `completeGlobals`. */
export type GlobalLines = ConfigOf<typeof GLOBAL_SCHEMA>;

/** Endpoint workers at most where nothing is said. */
const DEFAULT_WORKERS_MAX = 8;

/** Fills in the defaults that depend on each other and on the machine. */
export function completeGlobals(
  lines: GlobalLines,
  machine: Machine,
  tls: string,
): Globals {
  const hostname = lines.hostname ?? machine.hostname;
  const { output } = lines.log;
  return {
    hostname,
    domains: lines.domains ?? [hostname],
    state_dir: lines.state_dir,
    spool_dir: lines.spool_dir ?? join(lines.state_dir, "spool"),
    min_free: lines.min_free,
    tls,
    workers: lines.workers ??
      Math.min(Math.max(machine.cores - 1, 1), DEFAULT_WORKERS_MAX),
    storage_readers: lines.storage_readers,
    dns: lines.dns && formatListenAddress(lines.dns),
    postmaster: lines.postmaster ?? `postmaster@${hostname}`,
    log: {
      ...lines.log,
      output: output === "stderr" ? output : resolve(lines.state_dir, output),
    },
    control_socket: lines.control_socket ??
      join(lines.state_dir, "control.sock"),
    drain_time: lines.drain_time,
  };
}
