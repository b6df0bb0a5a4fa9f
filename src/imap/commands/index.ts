/** Every command by name. */
import type { Command } from "#src/imap/command.ts";
import { append } from "./append.ts";
import { authenticate } from "./authenticate.ts";
import { capability } from "./capability.ts";
import { compress } from "./compress.ts";
import { copy, move } from "./copy.ts";
import { create } from "./create.ts";
import { getacl } from "./getacl.ts";
import { getmetadata } from "./getmetadata.ts";
import { getquota, getquotaroot } from "./getquota.ts";
import { listrights } from "./listrights.ts";
import { myrights } from "./myrights.ts";
import { deleteacl, setacl } from "./setacl.ts";
import { setmetadata } from "./setmetadata.ts";
import { setquota } from "./setquota.ts";
import { enable } from "./enable.ts";
import { expunge } from "./expunge.ts";
import { fetch } from "./fetch.ts";
import { id } from "./id.ts";
import { idle } from "./idle.ts";
import { language } from "./language.ts";
import { list } from "./list.ts";
import { login } from "./login.ts";
import { logout } from "./logout.ts";
import { lsub } from "./lsub.ts";
import {
  deleteMailbox,
  rename,
  subscribe,
  unsubscribe,
} from "./mailbox_changes.ts";
import { namespace } from "./namespace.ts";
import { check, noop } from "./noop.ts";
import { notify } from "./notify.ts";
import { replace } from "./replace.ts";
import { cancelUpdate, search } from "./search.ts";
import { esearch } from "./esearch.ts";
import { examine, select } from "./select.ts";
import { sort } from "./sort.ts";
import { starttls } from "./starttls.ts";
import { status } from "./status.ts";
import { store } from "./store.ts";
import { thread } from "./thread.ts";
import { unauthenticate } from "./unauthenticate.ts";
import { close, unselect } from "./unselect.ts";

const ALL: readonly Command[] = [
  append,
  authenticate,
  cancelUpdate,
  capability,
  check,
  close,
  compress,
  copy,
  create,
  deleteMailbox,
  deleteacl,
  enable,
  esearch,
  examine,
  expunge,
  fetch,
  getacl,
  getmetadata,
  getquota,
  getquotaroot,
  id,
  idle,
  language,
  list,
  listrights,
  login,
  logout,
  lsub,
  move,
  myrights,
  namespace,
  noop,
  notify,
  rename,
  replace,
  search,
  select,
  setacl,
  setmetadata,
  setquota,
  sort,
  starttls,
  status,
  store,
  subscribe,
  thread,
  unauthenticate,
  unselect,
  unsubscribe,
];

/** By name in capitals, without `UID`. */
export const COMMANDS: ReadonlyMap<string, Command> = new Map(
  ALL.map((command) => [command.name, command]),
);
