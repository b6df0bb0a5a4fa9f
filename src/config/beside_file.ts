/** Paths that a configuration file names relative to itself. */
import { dirname, resolve } from "node:path";

/**
 * The path `name` as seen from `file`. It stays relative (to the working
 * folder) where `file` is, so that messages show what people typed.
 */
export function besideFile(file: string, name: string): string {
  const folder = dirname(file);
  if (name.startsWith("/") || folder === ".") return name;
  return folder.startsWith("/") ? resolve(folder, name) : `${folder}/${name}`;
}
