/** Aligned tables for people. */

/** Rows under a head, columns two spaces apart, nothing after the last one. */
export function formatTable(
  head: readonly string[],
  rows: readonly (readonly string[])[],
): string {
  const widths = head.map((title, i) =>
    Math.max(title.length, ...rows.map((row) => row[i]?.length ?? 0))
  );
  return [head, ...rows].map((row) =>
    row.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join("  ").trimEnd()
  ).join("\n") + "\n";
}

/** The fields of objects as a table; values as text. */
export function formatRecords(
  columns: readonly string[],
  records: readonly Readonly<Record<string, unknown>>[],
): string {
  return formatTable(
    columns.map((name) => name.toUpperCase()),
    records.map((record) => columns.map((name) => formatCell(record[name]))),
  );
}

function formatCell(value: unknown): string {
  if (value === undefined || value === null) return "-";
  if (Array.isArray(value)) return value.map(formatCell).join(" ");
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}
