/** The global directives, as every module sees them. */

import type { LogLevel } from "#src/log/log.ts";

/** Settings that stand at the top level of the file. */
export interface Globals {
  /** The name by which this server greets, and default local domain. ASCII. */
  readonly hostname: string;
  /** Domains whose mailboxes are here. ASCII lower case. */
  readonly domains: readonly string[];
  /** Absolute path of the folder for all state. */
  readonly state_dir: string;
  /** Folder for bodies that do not fit in memory; inside `state_dir`. */
  readonly spool_dir: string;
  /** Bytes that have to stay free where `spool_dir` is; 0: none. */
  readonly min_free: number;
  /** Number of endpoint workers; 0 runs everything in one thread. */
  readonly workers: number;
  /** Name server as `address:port`; `undefined`: that of the machine. */
  readonly dns: string | undefined;
  /** Instance name of the default certificates. */
  readonly tls: string;
  /** Address of the person who runs this server; reports go there. */
  readonly postmaster: string;
  /** What is logged, and where to. */
  readonly log: LogSettings;
  /** Number of workers that serve reading methods of the storage. */
  readonly storage_readers: number;
  /** Absolute path of the socket over which the command line talks to us. */
  readonly control_socket: string;
  /** How long a stopping server waits for what runs. Milliseconds. */
  readonly drain_time: number;
}

/** The directive `log`. */
export interface LogSettings {
  /** Lines below this level are dropped. */
  readonly level: LogLevel;
  readonly format: "text" | "json";
  /** `stderr`, or the absolute path of a file. */
  readonly output: string;
}
