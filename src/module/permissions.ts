/**
 * What a module needs of the operating system, as data. The supervisor unions
 * the permissions of all instances in a worker and starts it with those alone.
 */

/** What can be asked of the system. `statfs`: how much room its disks have. */
export type SystemFact = "hostname" | "statfs";

/** Everything left out is refused. */
export interface Permissions {
  /** `host:port` to listen on; an IPv6 host in brackets. */
  readonly listen?: readonly string[];
  /** `host:port` or `host` to connect to; `"*"` is every address. */
  readonly connect?: readonly string[];
  /** Asks DNS: the supervisor grants the name servers in use. */
  readonly dns?: boolean;
  /** Files and folders to read. A folder covers what is below it. */
  readonly read?: readonly string[];
  /** Files and folders to write. Does not imply reading. */
  readonly write?: readonly string[];
  /** Names of environment variables. */
  readonly env?: readonly string[];
  /** Facts of the system. */
  readonly sys?: readonly SystemFact[];
}

/** A module that needs nothing. */
export const NO_PERMISSIONS: Permissions = {};
