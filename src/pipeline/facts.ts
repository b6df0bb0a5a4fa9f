/** What conditions may ask about, as far as it is known yet. */
import type { SessionInfo } from "#src/module/roles/session.ts";
import type { HeaderBlock } from "#src/message/header_block.ts";

/**
 * Facts of one walk through the steps. What is `undefined` is not known yet;
 * a condition on it cannot be decided.
 */
export interface Facts {
  readonly session: SessionInfo;
  /** From MAIL on, login and TLS do not change any more. */
  readonly settled: boolean;
  /**
   * Forward-confirmed name of the client; empty where it has none. Once
   * settled, a lookup that fails for now is thrown as `SmtpError`.
   */
  hostname(): string | undefined | Promise<string | undefined>;
  readonly mailFrom: string | undefined;
  /** Address of the recipient of this walk, after rewriting. */
  readonly rcpt: string | undefined;
  /** Header as it is at this step; `undefined` before DATA. */
  header(): HeaderBlock | Promise<HeaderBlock> | undefined;
}
