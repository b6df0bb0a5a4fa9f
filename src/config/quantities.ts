/** Durations and sizes: numbers with a unit. */
import { ConfigError } from "./errors.ts";
import {
  type DirectiveOptions,
  scalar,
  type ScalarDirective,
  type WordKind,
} from "./scalar.ts";

/** Milliseconds in each unit, longest first. */
const DURATION_UNITS: readonly (readonly [string, number])[] = [
  ["w", 604_800_000],
  ["d", 86_400_000],
  ["h", 3_600_000],
  ["m", 60_000],
  ["s", 1_000],
  ["ms", 1],
];

/**
 * A duration such as `90s`, `1h30m` or `0`; the value is in milliseconds. The
 * default is written as in the file.
 */
export function duration(
  options: DirectiveOptions<string>,
): ScalarDirective<number> {
  return withTextDefault({
    syntax: "DURATION",
    read(arg): number {
      const value = parseDuration(arg.text);
      if (value !== undefined) return value;
      throw new ConfigError(
        arg.at,
        `"${arg.text}" is not a duration`,
        "Write a number with its unit: 500ms, 30s, 5m, 2h, 1d, 1w or 1h30m",
      );
    },
    write: formatDuration,
  }, options);
}

/** Milliseconds of `1h30m`; `undefined` where the text is no duration. */
export function parseDuration(text: string): number | undefined {
  if (text === "0") return 0;
  if (!/^(?:[0-9]{1,12}(?:ms|[smhdw]))+$/.test(text)) return undefined;
  let total = 0;
  let before = Number.POSITIVE_INFINITY;
  for (const [, digits = "", unit] of text.matchAll(/([0-9]+)([a-z]+)/g)) {
    const ms = DURATION_UNITS.find(([name]) => name === unit)?.[1] ?? 0;
    // Units must fall: "5m1h" is a slip.
    if (ms >= before) return undefined;
    before = ms;
    total += Number.parseInt(digits, 10) * ms;
  }
  return Number.isSafeInteger(total) ? total : undefined;
}

/** The shortest text that `parseDuration` reads as `ms`. */
export function formatDuration(ms: number): string {
  let rest = ms;
  let text = "";
  for (const [unit, factor] of DURATION_UNITS) {
    const count = Math.floor(rest / factor);
    if (count > 0) text += `${count}${unit}`;
    rest -= count * factor;
  }
  return text === "" ? "0" : text;
}

/** Bytes in each unit. */
const SIZE_UNITS: readonly (readonly [string, number])[] = [
  ["T", 2 ** 40],
  ["G", 2 ** 30],
  ["M", 2 ** 20],
  ["K", 2 ** 10],
];

/**
 * A size such as `50M` (or `50MiB`, `50MB`; all count by 1024) or plain bytes.
 * The default is written as in the file.
 */
export function size(
  options: DirectiveOptions<string>,
): ScalarDirective<number> {
  return withTextDefault({
    syntax: "SIZE",
    read(arg): number {
      const value = parseSize(arg.text);
      if (value !== undefined) return value;
      throw new ConfigError(
        arg.at,
        `"${arg.text}" is not a size`,
        "Write bytes or a number with K, M, G or T: 65536, 64K, 50M",
      );
    },
    write: formatSize,
  }, options);
}

/** Bytes of `50M`; `undefined` where the text is no size. */
export function parseSize(text: string): number | undefined {
  const match = /^([0-9]{1,15})(?:([KMGT])(?:i?B)?|B)?$/i.exec(text);
  if (match === null) return undefined;
  const [, digits = "", unit] = match;
  const factor =
    SIZE_UNITS.find(([name]) => name === unit?.toUpperCase())?.[1] ?? 1;
  const total = Number.parseInt(digits, 10) * factor;
  return Number.isSafeInteger(total) ? total : undefined;
}

/** The shortest text that `parseSize` reads as `bytes`. */
export function formatSize(bytes: number): string {
  for (const [unit, factor] of SIZE_UNITS) {
    if (bytes > 0 && bytes % factor === 0) return `${bytes / factor}${unit}`;
  }
  return String(bytes);
}

function withTextDefault(
  kind: WordKind<number>,
  options: DirectiveOptions<string>,
): ScalarDirective<number> {
  if (options.default === undefined) return scalar(kind, { doc: options.doc });
  const value = kind.syntax === "SIZE"
    ? parseSize(options.default)
    : parseDuration(options.default);
  if (value === undefined) {
    throw new TypeError(`Default "${options.default}" is no ${kind.syntax}`);
  }
  return scalar(kind, { doc: options.doc, default: value });
}
