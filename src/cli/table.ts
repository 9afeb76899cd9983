/** Lines of a table: columns as wide as their widest cell, two spaces between them. @param rows the head first. */
export function alignedTable(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd(),
  );
}

/** A number as tables show it: four digits; a dash where there is none. */
export function shownNumber(value: number): string {
  return Number.isNaN(value) ? "–" : String(Number(value.toPrecision(4)));
}
