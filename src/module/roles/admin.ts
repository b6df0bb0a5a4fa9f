/**
 * Optional power of any module: commands for people who run the server. The
 * command line calls them through the control socket of a running server, or
 * on an instance of its own when no server runs.
 *
 * Contract: arguments and results are plain data that fit JSON. Mistakes of
 * the caller are thrown as `StorageError` or another `MailError` whose message
 * may be shown. Methods live in the home worker of the instance.
 */

/** Named commands (`list`, `add`, `retry`). */
export interface Admin {
  call(
    command: string,
    args: Readonly<Record<string, unknown>>,
  ): Promise<unknown>;
}
