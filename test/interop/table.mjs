// The findings as lines of text.

const HEADER = ["configuration", "trained → opened", "operation", "values", "largest difference", "tolerance", ""];
const NUMBERS = [3, 4, 5];

function cells({ configuration, direction, operation, compared, largest, tolerance, ok, error }) {
  const number = (value) => (value === undefined ? "" : value === 0 ? "0" : value.toExponential(1));
  const verdict = ok ? "ok" : `FAILED${error === undefined ? "" : `: ${shortened(error)}`}`;
  return [configuration, direction, operation, String(compared ?? ""), number(largest), number(tolerance), verdict];
}

export function tableOf(rows) {
  const all = [HEADER, ...rows.map(cells)];
  const widths = HEADER.map((_, i) => Math.max(...all.map((line) => line[i].length)));
  return all.map((line) =>
    line
      .map((cell, i) => (NUMBERS.includes(i) ? cell.padStart(widths[i]) : cell.padEnd(widths[i])))
      .join("  ")
      .trimEnd(),
  );
}

/** The whole of it is in the findings, and was told when it happened. */
function shortened(error) {
  const line = error.split("\n")[0];
  return line.length > 120 ? `${line.slice(0, 119)}…` : line;
}
