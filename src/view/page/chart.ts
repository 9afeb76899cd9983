import uPlot from "/vendor/uplot.js";
import type { Growing } from "./curve-store.ts";
import { make, shown } from "./dom.ts";
import { colourOf, type Look } from "./look.ts";
import { smooth } from "./smooth.ts";
import { thin } from "./thin.ts";

/** A curve in a chart. */
export interface Line {
  readonly label: string;
  readonly look: Look;
  readonly curve: Growing;
}
export interface ChartOptions {
  readonly isLog: boolean;
  /** Weight of the past, 0 to below 1. */
  readonly smoothing: number;
}

const HEIGHT = 240;

/** Curves over epochs. Dragging zooms, a double click shows all again. */
export class Chart {
  readonly element: HTMLElement;
  readonly #place = make("div");
  readonly #readout = make("p", { class: "readout" });
  readonly #options: ChartOptions;
  #lines: readonly Line[] = [];
  #plot: uPlot | null = null;
  /** Which part of x is zoomed to; null: all. */
  #range: readonly [number, number] | null = null;

  constructor(title: string, options: ChartOptions) {
    this.#options = options;
    this.element = make(
      "section",
      { class: "card", "aria-label": title },
      make("h3", {}, title),
      this.#readout,
      this.#place,
    );
    new ResizeObserver(() => this.#plot?.setSize(this.#size)).observe(this.#place);
  }
  get #size(): { width: number; height: number } {
    return { width: Math.max(this.#place.clientWidth, 120), height: HEIGHT };
  }

  /** Draws lines, which may be the same ones with more points. */
  draw(lines: readonly Line[]): void {
    const isSame =
      lines.length === this.#lines.length &&
      lines.every(
        ({ label, look }, i) => this.#lines[i]?.label === label && this.#lines[i]?.look.colour === look.colour,
      );
    this.#lines = lines;
    if (isSame && this.#plot !== null) this.#plot.setData(this.#data(), this.#range === null);
    else this.#begin();
    const points = Math.max(0, ...lines.map(({ curve }) => curve.x.length));
    this.element.dataset.points = String(points);
    if (this.#plot?.cursor.idx === null || this.#plot?.cursor.idx === undefined) this.#tell(null);
  }

  #begin(): void {
    this.#plot?.destroy();
    this.#range = null;
    const { smoothing, isLog } = this.#options;
    const series = this.#lines.flatMap(({ label, look }): uPlot.Series[] => {
      const line = { label, stroke: look.colour, dash: [...look.dash], width: 2, points: { show: false } };
      return smoothing === 0 ? [line] : [{ ...line, width: 1, alpha: 0.3 }, line];
    });
    const axis = {
      stroke: colourOf("quiet"),
      grid: { stroke: colourOf("line"), width: 1 },
      ticks: { show: false },
      font: "12px system-ui, sans-serif",
    };
    this.#plot = new uPlot(
      {
        ...this.#size,
        legend: { show: false },
        scales: { x: { time: false }, y: isLog ? { distr: 3 } : {} },
        cursor: { points: { size: 6 }, drag: { x: true, y: false } },
        axes: [
          axis,
          { ...axis, size: 62, values: (_, ticks) => ticks.map((tick) => (tick === null ? "" : shown(tick))) },
        ],
        series: [{}, ...series.map((one) => ({ ...one, points: { show: pointsShown } }))],
        hooks: {
          setCursor: [({ cursor: { idx } }) => this.#tell(idx ?? null)],
          setSelect: [
            (plot) => {
              const { left, width } = plot.select;
              if (width === 0) return;
              this.#range = [plot.posToVal(left, "x"), plot.posToVal(left + width, "x")];
              // after the zoom itself, which begins with this: what is seen has more of its points now
              queueMicrotask(() => plot.setData(this.#data(), false));
            },
          ],
        },
      },
      this.#data(),
      this.#place,
    );
    this.#plot.over.addEventListener("dblclick", () => {
      this.#range = null;
      this.#plot?.setData(this.#data());
    });
  }

  /** One x for all: where a curve has no point there, it goes on; its own gaps stay. */
  #data(): uPlot.AlignedData {
    const { smoothing, isLog } = this.#options;
    const visible = (y: readonly (number | null)[]) =>
      isLog ? y.map((value) => (value !== null && value > 0 ? value : null)) : [...y];
    const seen = (x: number[], y: readonly (number | null)[]): uPlot.AlignedData => {
      const thinned = thin({ x, y: visible(y) }, this.#range);
      return [thinned.x, thinned.y];
    };
    const tables = this.#lines.flatMap(({ curve: { x, y } }): uPlot.AlignedData[] =>
      smoothing === 0 ? [seen(x, y)] : [seen(x, y), seen(x, smooth(y, smoothing))],
    );
    return tables.length === 0 ? [[]] : uPlot.join(tables);
  }

  /** The values at the cursor, or the last ones. */
  #tell(at: number | null): void {
    const plot = this.#plot;
    const [x = []] = plot?.data ?? [];
    const step = this.#options.smoothing === 0 ? 1 : 2;
    const values = this.#lines.map(({ label, curve }, i) => {
      const value = at === null ? curve.y.at(-1) : plot?.data[1 + i * step]?.[at];
      return `${label} ${shown(value)}`;
    });
    const where = at === null ? "" : `epoch ${shown(x[at])}: `;
    this.#readout.textContent =
      values.length > 6 ? `${where}${values.slice(0, 6).join(" · ")} …` : where + values.join(" · ");
  }

  remove(): void {
    this.#plot?.destroy();
    this.element.remove();
  }
}

/** Points are seen where there are few of them, so that one epoch is something to see. */
function pointsShown(plot: uPlot, series: number): boolean {
  const values = plot.data[series] ?? [];
  return values.length <= 40;
}
