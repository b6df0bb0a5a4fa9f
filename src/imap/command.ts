/**
 * Commands as data: one file a command under `commands/`, all of them listed in
 * `commands/index.ts`. A command is parsed completely, then the state is
 * checked, then it runs.
 */
import type { StoragePowers } from "./powers.ts";
import type { Cursor } from "./wire/cursor.ts";
import type { PendingLiteral } from "./wire/framing.ts";
import type { Session } from "./session.ts";

/** RFC 9051 section 3. Logout is the end of the loop, not a state. */
export type SessionState = "notAuthenticated" | "authenticated" | "selected";

/** Every state; for commands that are always valid. */
export const ANY_STATE: readonly SessionState[] = [
  "notAuthenticated",
  "authenticated",
  "selected",
];

/** After login. */
export const LOGGED_IN: readonly SessionState[] = ["authenticated", "selected"];

/** With a mailbox selected. */
export const SELECTED: readonly SessionState[] = ["selected"];

/** What the grammar of a command may depend on. */
export interface ParseContext {
  /** The command was written with `UID` before it. */
  readonly uid: boolean;
  /** Mailbox names are UTF-8. */
  readonly utf8: boolean;
}

/** What accompanies a run. */
export interface RunContext {
  readonly uid: boolean;
  readonly tag: string;
  /** The literal at which parsing stopped, for commands with `messageAfter`. */
  readonly pending: PendingLiteral | undefined;
}

/** A tagged OK. Everything else is thrown. */
export interface Done {
  readonly text: string;
  /** Response code without brackets. */
  readonly code?: string;
}

/**
 * What is told of the mailbox before the tagged answer.
 * - `all`: everything that is known.
 * - `poll`: as `all`, after asking the store.
 * - `noExpunge`: all but EXPUNGE, which sequence numbers forbid (RFC 9051
 *   section 7.5.1).
 * - `none`: the command does that itself.
 */
export type Updates = "all" | "poll" | "noExpunge" | "none";

/** A command as its file declares it. */
export interface CommandSpec<A> {
  /** In capitals, without `UID`. */
  readonly name: string;
  readonly states: readonly SessionState[];
  /** `UID name` exists too (`also`), or is the only form (`only`). */
  readonly uid?: "also" | "only";
  /** Without `UID` it takes or gives sequence numbers; so where left out. */
  readonly numbered?: boolean;
  /**
   * What CAPABILITY says while the command is there; with all of it hidden the
   * command is unknown.
   */
  readonly capability?: string | readonly string[];
  /** What CAPABILITY says besides, of a command that is there without it too. */
  readonly extensions?: readonly string[];
  /** What the store has to be able to do. */
  readonly power?: keyof StoragePowers;
  /**
   * A message comes after so many arguments: it and what follows is left to
   * `run`.
   */
  readonly messageAfter?: number;
  /** `all` where left out. */
  readonly updates?: Updates | ((uid: boolean, args: A) => Updates);
  /** Reads everything after the name, the space before it included. */
  parse(cursor: Cursor, context: ParseContext): A;
  /** `undefined`: the command has sent its tagged answer itself. */
  run(
    session: Session,
    args: A,
    context: RunContext,
  ): Promise<Done | undefined>;
}

/** A parsed command, ready to run. */
export interface PreparedCommand {
  readonly updates: Updates;
  run(session: Session, context: RunContext): Promise<Done | undefined>;
}

/** A command of any arguments. */
export interface Command {
  readonly name: string;
  readonly states: readonly SessionState[];
  readonly uid: "also" | "only" | "no";
  /** As it stands without `UID` it is about sequence numbers. */
  readonly numbered: boolean;
  readonly capabilities: readonly string[];
  readonly extensions: readonly string[];
  readonly power: keyof StoragePowers | undefined;
  readonly messageAfter: number | undefined;
  /** Parses; throws `WireSyntaxError`. */
  prepare(cursor: Cursor, context: ParseContext): PreparedCommand;
}

/** Declares a command; the type of `run`'s arguments follows from `parse`. */
export function defineCommand<A>(spec: CommandSpec<A>): Command {
  const updates = spec.updates ?? "all";
  const capability = spec.capability ?? [];
  return {
    name: spec.name,
    states: spec.states,
    uid: spec.uid ?? "no",
    numbered: spec.uid === "also" && spec.numbered !== false,
    capabilities: typeof capability === "string" ? [capability] : capability,
    extensions: spec.extensions ?? [],
    power: spec.power,
    messageAfter: spec.messageAfter,
    prepare(cursor, context): PreparedCommand {
      const args = spec.parse(cursor, context);
      return {
        updates: typeof updates === "function"
          ? updates(context.uid, args)
          : updates,
        run: (session, run) => spec.run(session, args, run),
      };
    },
  };
}
