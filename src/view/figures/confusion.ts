import type { Colours } from "./parts/colours.ts";
import { type FigureOptions, figure } from "./parts/figure.ts";
import { el } from "./parts/svg.ts";
import { fitted, SIZE, text, widthOf } from "./parts/text.ts";

/** Counts of labels and predictions. */
export interface Confusion {
  readonly title?: string;
  readonly classes: readonly string[];
  /** A row for each class that is so, a column for each that is predicted. */
  readonly counts: readonly (readonly number[])[];
}

/** The confusion matrix: how many of each class are taken for each; the darker, the larger the share of the class. */
export function confusionFigure(
  { title = "Confusion matrix", classes, counts }: Confusion,
  options: FigureOptions = {},
): string {
  const totals = counts.map((row) => row.reduce((sum, n) => sum + n, 0));
  const right = counts.reduce((sum, row, i) => sum + (row[i] ?? 0), 0);
  const total = totals.reduce((sum, n) => sum + n, 0);
  const shareOf = (i: number, j: number) => (totals[i] === 0 ? 0 : (counts[i]?.[j] ?? 0) / (totals[i] ?? 1));
  const described = classes.map(
    (name, i) =>
      `of ${totals[i] ?? 0} that are ${name}, ${classes.map((other, j) => `${counts[i]?.[j] ?? 0} as ${other}`).join(", ")}`,
  );
  const heading = {
    title,
    subtitle: total === 0 ? "no samples" : `${right} of ${total} right (${percent(right / total)})`,
    description: `Predicted: ${described.join("; ")}.`,
  };
  return figure(heading, { width: 440, height: 440, ...options }, (area, colours) => {
    const names = Math.min(
      0.3 * (area.right - area.left),
      Math.max(...classes.map((name) => widthOf(name, SIZE.label)), 10),
    );
    const [left, bottom] = [area.left + 22 + names + 8, area.bottom - 44];
    const side = Math.max(10, Math.min(area.right - left, bottom - area.top) / classes.length);
    const cells = classes.flatMap((_, i) =>
      classes.map((_, j) => {
        const place = { x: left + j * side, y: area.top + i * side, side };
        return cell(place, counts[i]?.[j] ?? 0, shareOf(i, j), colours);
      }),
    );
    const label = { "font-size": SIZE.label, fill: colours.muted };
    const middle = (classes.length * side) / 2;
    const rows = classes.map((name, i) =>
      text(fitted(name, SIZE.label, names), {
        x: left - 8,
        y: area.top + (i + 0.5) * side + 4,
        "text-anchor": "end",
        ...label,
      }),
    );
    const columns = classes.map((name, j) =>
      text(fitted(name, SIZE.label, side - 4), {
        x: left + (j + 0.5) * side,
        y: area.top + classes.length * side + 18,
        "text-anchor": "middle",
        ...label,
      }),
    );
    return [
      ...cells,
      ...rows,
      ...columns,
      text("Predicted", {
        x: left + middle,
        y: area.top + classes.length * side + 38,
        "text-anchor": "middle",
        "font-size": SIZE.label,
        fill: colours.ink,
      }),
      text("Label", {
        transform: `translate(${Math.round(area.left + 12)} ${Math.round(area.top + middle)}) rotate(-90)`,
        "text-anchor": "middle",
        "font-size": SIZE.label,
        fill: colours.ink,
      }),
    ].join("");
  });
}

function cell(
  { x, y, side }: { readonly x: number; readonly y: number; readonly side: number },
  n: number,
  share: number,
  colours: Colours,
): string {
  const size = Math.max(8, Math.min(20, side / 4));
  const colour = share > 0.55 ? colours.paper : colours.ink;
  const square = { x: x + 1, y: y + 1, width: side - 2, height: side - 2, rx: 3 };
  const center = { x: x + side / 2, "text-anchor": "middle", fill: colour };
  return el(
    "g",
    {},
    el("rect", { ...square, fill: colours.grid, "fill-opacity": 0.6 }),
    el("rect", { ...square, fill: colours.data[0] ?? colours.ink, "fill-opacity": share }),
    text(String(n), { ...center, y: y + side / 2 + (side > 50 ? 1 : size / 3), "font-size": size, "font-weight": 600 }),
    side > 50 ? text(percent(share), { ...center, y: y + side / 2 + size, "font-size": Math.max(9, size * 0.6) }) : "",
  );
}

function percent(share: number): string {
  return `${Number((100 * share).toFixed(1))} %`;
}
