/** A tree as text of the configuration language. */
import type { Arg, ConfigNode } from "#src/config/node.ts";
import { writeWord } from "./write_word.ts";

/** Spaces for each level. */
export const INDENT = "  ";

/** Text that parses to the same tree; ends with a line break. */
export function writeTree(nodes: readonly ConfigNode[], depth = 0): string {
  return nodes.map((node) => writeNode(node, depth)).join("");
}

function writeNode(node: ConfigNode, depth: number): string {
  const indent = INDENT.repeat(depth);
  const words = [
    writeWord(node.name),
    ...node.args.map((arg) => writeArg(arg)),
  ];
  const head = `${indent}${words.join(" ")}`;
  if (node.block === undefined) return `${head}\n`;
  if (node.block.length === 0) return `${head} {\n${indent}}\n`;
  return `${head} {\n${writeTree(node.block, depth + 1)}${indent}}\n`;
}

function writeArg({ text, quoted }: Arg): string {
  // Quotes only matter to what could be read as more than a word.
  const keep = quoted && /^\/|=|:/.test(text);
  const option = quoted ? null : /^([\w-]+=)(.*[\s"].*)$/s.exec(text);
  if (option === null) return writeWord(text, { quoted: keep });
  return `${option[1] ?? ""}${writeWord(option[2] ?? "", { quoted: true })}`;
}
