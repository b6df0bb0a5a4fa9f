/**
 * Mail in Maildirs: one alone, or one with folders beside it as Maildir++ has
 * them (`.Sent`, `.Archive.2025`), or below it as directories.
 */
import { basename, join, relative } from "node:path";
import { decodeMailboxName } from "./folder_names.ts";
import { toCrlf } from "./line_ends.ts";
import type { MailSource, SourceFolder, SourceMessage } from "./mail_source.ts";
import { flagsOfName } from "./maildir_flags.ts";
import { readKeywords } from "./maildir_keywords.ts";

/** Folders in folders; deeper ones are no mail. */
const MAX_DEPTH = 12;

/** Opens the Maildir; throws where there is none. */
export function openMaildir(path: string): MailSource {
  return {
    identity: `maildir ${path}`,
    folders: () => foldersOf(path),
    close: () => Promise.resolve(),
  };
}

async function* foldersOf(root: string): AsyncGenerator<SourceFolder, void> {
  for (const path of await maildirsBelow(root, 0)) {
    const files = await filesOf(path);
    yield {
      name: nameOf(relative(root, path)),
      specialUse: undefined,
      count: files.length,
      messages: () => messagesOf(path, files),
    };
  }
}

/** Every folder that has `cur` and `new`, the root first. */
async function maildirsBelow(path: string, depth: number): Promise<string[]> {
  const names: string[] = [];
  for await (const entry of Deno.readDir(path)) {
    if (entry.isDirectory) names.push(entry.name);
  }
  const isMaildir = names.includes("cur") && names.includes("new");
  const found = isMaildir ? [path] : [];
  if (depth >= MAX_DEPTH) return found;
  for (const name of names.sort()) {
    if (isMaildir && ["cur", "new", "tmp"].includes(name)) continue;
    found.push(...await maildirsBelow(join(path, name), depth + 1));
  }
  return found;
}

/** `.Archive.2025` is Archive/2025; `Archive/2025` is so as well. */
function nameOf(path: string): string {
  if (path === "") return "INBOX";
  const levels = path.split("/").flatMap((part) =>
    part.startsWith(".") ? part.slice(1).split(".") : [part]
  );
  return decodeMailboxName(levels);
}

interface MaildirFile {
  readonly path: string;
  /** The name up to `:`, which never changes. */
  readonly unique: string;
}

/** In the order of their names, which begin with the time. */
async function filesOf(path: string): Promise<MaildirFile[]> {
  const files: MaildirFile[] = [];
  for (const folder of ["cur", "new"]) {
    for await (const { isFile, name } of Deno.readDir(join(path, folder))) {
      if (!isFile || name.startsWith(".")) continue;
      const unique = name.replace(/:.*$/, "");
      files.push({ path: join(path, folder, name), unique });
    }
  }
  return files.sort((a, b) => a.unique < b.unique ? -1 : 1);
}

async function* messagesOf(
  folder: string,
  files: readonly MaildirFile[],
): AsyncGenerator<SourceMessage, void> {
  const keywords = await readKeywords(folder);
  for (const file of files) {
    const found = await locate(folder, file);
    if (found === undefined) continue;
    const { path, date } = found;
    yield {
      key: file.unique,
      flags: flagsOfName(basename(path), keywords),
      date,
      bytes: async () => toCrlf(await Deno.readFile(path)),
    };
  }
}

/**
 * Where the file is by now: programs that use the Maildir give it another name
 * with its flags, or take it away (`undefined`).
 */
async function locate(
  folder: string,
  { path, unique }: MaildirFile,
): Promise<
  { readonly path: string; readonly date: Date | undefined } | undefined
> {
  const date = await dateOf(path);
  if (date !== "absent") return { path, date };
  const renamed = (await filesOf(folder)).find((one) => one.unique === unique);
  if (renamed === undefined) return undefined;
  const later = await dateOf(renamed.path);
  return later === "absent" ? undefined : { path: renamed.path, date: later };
}

async function dateOf(path: string): Promise<Date | "absent" | undefined> {
  try {
    return (await Deno.stat(path)).mtime ?? undefined;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return "absent";
    throw error;
  }
}
