/** Every command of the program, in the order of the help text. */
import {
  accountAdd,
  accountAliasAdd,
  accountAliasRemove,
  accountDisable,
  accountEnable,
  accountList,
  accountPasswd,
  accountQuota,
  accountRemove,
} from "./commands/account.ts";
import { check } from "./commands/check.ts";
import { configExpand } from "./commands/config_expand.ts";
import { dkim } from "./commands/dkim.ts";
import { exportMaildir, exportMbox } from "./commands/export.ts";
import { fmt } from "./commands/fmt.ts";
import { imap } from "./commands/imap.ts";
import { importImap, importMaildir, importMbox } from "./commands/import.ts";
import {
  queueDrop,
  queueList,
  queueRetry,
  queueShow,
} from "./commands/queue.ts";
import { run } from "./commands/run.ts";
import { searchReindex, searchStatus } from "./commands/search.ts";
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
  accountQuota,
  accountAliasAdd,
  accountAliasRemove,
  importMbox,
  importMaildir,
  importImap,
  exportMbox,
  exportMaildir,
  imap,
  queueList,
  queueShow,
  queueRetry,
  queueDrop,
  searchStatus,
  searchReindex,
  dkim,
  status,
  version,
];
