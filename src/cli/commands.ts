/** Every command of the program, in the order of the help text. */
import {
  accountAdd,
  accountAliasAdd,
  accountAliasRemove,
  accountDisable,
  accountEnable,
  accountList,
  accountPasswd,
  accountRemove,
} from "./commands/account.ts";
import { check } from "./commands/check.ts";
import { configExpand } from "./commands/config_expand.ts";
import { dkim } from "./commands/dkim.ts";
import { fmt } from "./commands/fmt.ts";
import {
  queueDrop,
  queueList,
  queueRetry,
  queueShow,
} from "./commands/queue.ts";
import { run } from "./commands/run.ts";
import { status } from "./commands/status.ts";
import { version } from "./commands/version.ts";
import type { Subcommand } from "./subcommand.ts";

/** Found by their names. */
export const COMMANDS: readonly Subcommand[] = [
  run,
  check,
  fmt,
  configExpand,
  accountAdd,
  accountList,
  accountPasswd,
  accountRemove,
  accountDisable,
  accountEnable,
  accountAliasAdd,
  accountAliasRemove,
  queueList,
  queueShow,
  queueRetry,
  queueDrop,
  dkim,
  status,
  version,
];
