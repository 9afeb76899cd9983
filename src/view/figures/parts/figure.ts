import { type Colours, coloursOf, type Ground } from "./colours.ts";
import { type LegendItem, legend } from "./legend.ts";
import type { Scale } from "./scale.ts";
import { el, escapeXml } from "./svg.ts";
import { FONT, fitted, SIZE, text, widthOf } from "./text.ts";

/** How a figure looks. */
export interface FigureOptions {
  /** In CSS pixels; default 640. */
  readonly width?: number;
  /** In CSS pixels; default 400. */
  readonly height?: number;
  /** Where it stands; default "light". */
  readonly ground?: Ground;
  /** In place of the figure's own title; "" for none. */
  readonly title?: string;
  /** Multiplies the size of text and lines, for a slide: default 1. */
  readonly scale?: number;
}

/** The part of a figure in which data are drawn. */
export interface Area {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

/** What a figure says of itself. */
export interface Heading {
  readonly title: string;
  /** A line below the title. */
  readonly subtitle?: string;
  /** What is seen, for those who do not see it. */
  readonly description: string;
  readonly legend?: (colours: Colours) => readonly LegendItem[];
}

const EDGE = 14;

/**
 * A figure: its heading, and what `draw` puts into the place that is left.
 * @param draw gets all of it; an axis takes its own place of it.
 */
export function figure(
  heading: Heading,
  { width: given = 640, height: high = 400, ground = "light", title = heading.title, scale = 1 }: FigureOptions,
  draw: (area: Area, colours: Colours) => string,
): string {
  const colours = coloursOf(ground);
  const [width, height] = [given / scale, high / scale];
  const parts: string[] = [];
  let top = EDGE;
  const line = (content: string, size: number, attributes: Record<string, string | number>) => {
    if (content === "") return;
    top += size;
    parts.push(text(fitted(content, size, width - 2 * EDGE), { x: EDGE, y: top, "font-size": size, ...attributes }));
    top += 7;
  };
  line(title, SIZE.title, { "font-weight": 600, fill: colours.ink });
  line(heading.subtitle ?? "", SIZE.label, { fill: colours.muted });
  const items = heading.legend?.(colours) ?? [];
  const explained = legend(items, { x: EDGE, y: top, width: width - 2 * EDGE }, colours);
  parts.push(explained.svg);
  top += explained.height;
  const area = { left: EDGE, right: width - EDGE, top: top + 8, bottom: height - EDGE };
  const paper = ground === "page" ? [] : [el("rect", { width, height, fill: colours.paper })];
  return el(
    "svg",
    {
      xmlns: "http://www.w3.org/2000/svg",
      width: given,
      height: high,
      viewBox: `0 0 ${width} ${height}`,
      role: "img",
      "aria-label": `${heading.title}. ${heading.description}`,
      "font-family": FONT,
      "font-size": SIZE.tick,
    },
    el("title", {}, escapeXml(heading.title)),
    el("desc", {}, escapeXml(heading.description)),
    ...paper,
    ...parts,
    draw(area, colours),
  );
}

/** The place for data that axes leave: their ticks and labels are outside. */
export function insideAxes(
  area: Area,
  {
    yTicks,
    xLabel = "",
    yLabel = "",
  }: { readonly yTicks: readonly string[]; readonly xLabel?: string; readonly yLabel?: string },
): Area {
  const ticks = Math.max(0, ...yTicks.map((label) => widthOf(label, SIZE.tick)));
  return {
    left: area.left + ticks + 8 + (yLabel === "" ? 0 : 20),
    right: area.right - 6,
    top: area.top,
    bottom: area.bottom - 18 - (xLabel === "" ? 0 : 20),
  };
}

/** Grid, ticks and labels around the place for data. A scale that is null has no ticks. */
export function axes(
  area: Area,
  {
    x,
    y,
    xLabel = "",
    yLabel = "",
  }: { readonly x: Scale | null; readonly y: Scale | null; readonly xLabel?: string; readonly yLabel?: string },
  colours: Colours,
): string {
  const { left, right, top, bottom } = area;
  const grid = (y?.ticks ?? []).map(({ value, label }) => {
    const at = y?.at(value) ?? 0;
    return (
      el("line", { x1: left, x2: right, y1: at, y2: at, stroke: colours.grid }) +
      text(label, { x: left - 8, y: at + 4, "text-anchor": "end", fill: colours.muted })
    );
  });
  const ticks = (x?.ticks ?? []).map(({ value, label }) => {
    const at = x?.at(value) ?? 0;
    return (
      el("line", { x1: at, x2: at, y1: bottom, y2: bottom + 4, stroke: colours.muted }) +
      text(label, { x: at, y: bottom + 16, "text-anchor": "middle", fill: colours.muted })
    );
  });
  const labels = [
    xLabel === ""
      ? ""
      : text(fitted(xLabel, SIZE.label, right - left), {
          x: (left + right) / 2,
          y: bottom + 35,
          "text-anchor": "middle",
          "font-size": SIZE.label,
          fill: colours.ink,
        }),
    yLabel === ""
      ? ""
      : sideways(yLabel, { x: area.left, y: (top + bottom) / 2, length: bottom - top, ticks: y?.ticks ?? [] }, colours),
  ];
  const base = el("line", { x1: left, x2: right, y1: bottom, y2: bottom, stroke: colours.muted });
  return el("g", {}, ...grid, base, ...ticks, ...labels);
}

function sideways(
  label: string,
  {
    x,
    y,
    length,
    ticks,
  }: { readonly x: number; readonly y: number; readonly length: number; readonly ticks: Scale["ticks"] },
  colours: Colours,
): string {
  const wide = Math.max(0, ...ticks.map((tick) => widthOf(tick.label, SIZE.tick)));
  const at = x - wide - 16;
  return text(fitted(label, SIZE.label, length), {
    transform: `translate(${Math.round(at)} ${Math.round(y)}) rotate(-90)`,
    "text-anchor": "middle",
    "font-size": SIZE.label,
    fill: colours.ink,
  });
}

/** Where there are no data: that, in the middle. */
export function nothing({ left, right, top, bottom }: Area, colours: Colours): string {
  const place = { x: (left + right) / 2, y: (top + bottom) / 2, "text-anchor": "middle" };
  return text("no values", { ...place, fill: colours.muted, "font-size": SIZE.label });
}

/** How text looks that may stand on data: with an edge in the colour of the ground. */
export function onData(colours: Colours): Readonly<Record<string, string | number>> {
  return { stroke: colours.paper, "stroke-width": 3, "stroke-linejoin": "round", "paint-order": "stroke" };
}
