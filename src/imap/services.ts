/** What a session needs of the rest of the program. */
import type { Clock } from "#src/clock/clock.ts";
import type { Log } from "#src/log/log.ts";
import type { Body } from "#src/message/body.ts";
import type { HeaderBlock } from "#src/message/header_block.ts";
import type { TlsServerSettings } from "#src/net/connection.ts";
import type { ScramCredentials } from "#src/sasl/mechanism.ts";
import type { StorageBackend } from "./backend.ts";
import type { MailboxViews } from "./mailbox_views.ts";
import type { MessageSpool } from "./message_spool.ts";
import type { MessageSummary } from "./summary.ts";

/** Who somebody is. */
export interface LoginIdentity {
  readonly account: string;
}

/** What came of credentials. */
export type LoginOutcome =
  | { readonly ok: true; readonly identity: LoginIdentity }
  | { readonly ok: false; readonly reason: string };

/**
 * Says who somebody is; the role `auth` fits. Wrong credentials are a value, a
 * thrown value means that nobody can tell now.
 */
export interface Authenticator {
  checkPlain(user: string, password: string): Promise<LoginOutcome>;
  /** OAUTHBEARER and XOAUTH2; an empty user is whom the token names. */
  readonly bearer?: {
    checkToken(user: string, token: string): Promise<LoginOutcome>;
  };
  /** EXTERNAL: whose address it is that a certificate names. */
  readonly external?: {
    checkAddress(address: string): Promise<LoginOutcome>;
  };
  readonly scram?: {
    /** `identity` is `undefined` where the keys are made up. */
    keys(user: string): Promise<{
      readonly identity: LoginIdentity | undefined;
      readonly keys: ScramCredentials;
    }>;
  };
}

/** Counts against guessing of passwords; `src/net/source_limits.ts` fits. */
export interface LoginLimits {
  /** Whether this source may try now. */
  mayTry(remoteAddress: string, user: string): boolean;
  failed(remoteAddress: string, user: string): void;
}

/** Settings of the endpoint. */
export interface ImapSettings {
  readonly hostname: string;
  readonly idleTimeoutMs: number;
  /** Passwords may cross the wire in the clear. */
  readonly insecureAuth: boolean;
  /** In capitals; never advertised, and their own commands are unknown. */
  readonly hiddenCapabilities: ReadonlySet<string>;
  /** The same for one account, after its login. */
  hiddenFor?(account: string): ReadonlySet<string>;
  /** Whether an account may set quotas and notes of the server. */
  isAdministrator?(account: string): boolean;
  readonly maxSessionsPerAccount: number;
  /** What ID says: name and version of the program. */
  readonly serverId: Readonly<Record<string, string>>;
}

/** Everything together; one for all sessions of an endpoint. */
export interface ImapServices {
  readonly backend: StorageBackend;
  readonly views: MailboxViews;
  readonly auth: Authenticator;
  readonly loginLimits: LoginLimits;
  readonly spool: MessageSpool;
  readonly settings: ImapSettings;
  /** `undefined`: no STARTTLS. */
  readonly tls: TlsServerSettings | undefined;
  readonly log: Log;
  readonly clock: Clock;
  /** Sessions a logged-in account has; shared by all sessions. */
  readonly sessionsOf: Map<string, number>;
  random(bytes: number): Uint8Array;
  /** What is stored beside a message. */
  summarize(header: HeaderBlock, body: Body): Promise<MessageSummary>;
}
