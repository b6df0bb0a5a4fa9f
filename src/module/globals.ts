/** The global directives, as every module sees them. */

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
  /** Number of endpoint workers; 0 runs everything in one thread. */
  readonly workers: number;
  /** Name server as `address:port`; `undefined`: that of the machine. */
  readonly dns: string | undefined;
  /** Instance name of the default certificates. */
  readonly tls: string;
}
