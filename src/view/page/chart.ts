import uPlot from "/vendor/uplot.js";
import type { Curves } from "./curves.ts";
import { make, shown } from "./dom.ts";
import { colourOf, type Look } from "./look.ts";
import type { Seen, Wanted } from "./seen.ts";

/** A curve in a chart: that of a training. */
export interface Line {
  readonly label: string;
  readonly look: Look;
  readonly maps: number;
  readonly split: number;
}
/** Which curves a chart shows, and how. */
export type ChartOptions = Pick<Wanted, "kind" | "name" | "isLog" | "smoothing">;

const HEIGHT = 240;

/** Curves over epochs. Dragging zooms, a double click shows all again. */
export class Chart {
  readonly element: HTMLElement;
  readonly #place = make("div");
  readonly #readout = make("p", { class: "readout" });
  readonly #curves: Curves;
  readonly #options: ChartOptions;
  #lines: readonly Line[] = [];
  #seen: Seen | null = null;
  /** The lines that the plot was made for. */
  #plotted: readonly Line[] = [];
  #plot: uPlot | null = null;
  /** Which part of x is zoomed to; null: all. */
  #range: readonly [number, number] | null = null;
  /** What is drawn, until it is; asked for again meanwhile, it is drawn once more. */
  #drawing: Promise<void> | null = null;
  #isAskedAgain = false;
  #drawnPixels = Number.POSITIVE_INFINITY;

  constructor(title: string, curves: Curves, options: ChartOptions) {
    this.#curves = curves;
    this.#options = options;
    this.element = make(
      "section",
      { class: "card", "aria-label": title },
      make("h3", {}, title),
      this.#readout,
      this.#place,
    );
    new ResizeObserver(() => {
      if (this.#plot !== null && this.#plot.width !== this.#size.width) this.#plot.setSize(this.#size);
      if (this.#pixels > this.#drawnPixels) void this.#again();
    }).observe(this.#place);
  }
  get #pixels(): number {
    return Math.ceil(this.#size.width * devicePixelRatio);
  }
  get #size(): { width: number; height: number } {
    return { width: Math.max(this.#place.clientWidth, 120), height: HEIGHT };
  }

  /** Draws lines, which may be the same ones with more points. */
  async draw(lines: readonly Line[]): Promise<void> {
    this.#lines = lines;
    await this.#again();
  }

  async #again(): Promise<void> {
    this.#isAskedAgain = true;
    this.element.ariaBusy = "true";
    this.#drawing ??= this.#drawAll().finally(() => {
      this.#drawing = null;
      this.element.ariaBusy = "false";
    });
    await this.#drawing;
  }
  async #drawAll(): Promise<void> {
    while (this.#isAskedAgain) {
      this.#isAskedAgain = false;
      const [lines, range, pixels] = [this.#lines, this.#range, this.#pixels];
      this.#drawnPixels = pixels;
      const seen = await this.#curves.look({ ...this.#options, places: lines, range, pixels });
      await turn();
      this.#show(lines, range, seen);
    }
  }

  #show(all: readonly Line[], range: readonly [number, number] | null, seen: Seen): void {
    const lines = all.filter((_, i) => seen.last[i] !== undefined);
    const isSame =
      lines.length === this.#plotted.length &&
      lines.every(
        ({ label, look }, i) => this.#plotted[i]?.label === label && this.#plotted[i]?.look.colour === look.colour,
      );
    [this.#plotted, this.#seen] = [lines, seen];
    if (this.#plot === null || !isSame) this.#begin(seen.data);
    else if (range === null) this.#plot.setData(seen.data);
    else this.#zoomTo(this.#plot, range, seen.data);
    this.element.dataset.points = String(seen.points);
    if (this.#plot?.cursor.idx === null || this.#plot?.cursor.idx === undefined) this.#tell(null);
  }

  /** The height follows what is seen. */
  #zoomTo(plot: uPlot, [min, max]: readonly [number, number], data: uPlot.AlignedData): void {
    plot.batch(() => {
      plot.setData(data, false);
      plot.setScale("x", { min, max });
    });
  }

  #begin(data: uPlot.AlignedData): void {
    this.#plot?.destroy();
    this.#range = null;
    const { smoothing, isLog } = this.#options;
    const series = this.#plotted.flatMap(({ label, look }): uPlot.Series[] => {
      const line = { label, stroke: look.colour, dash: [...look.dash], width: 2, points: { show: pointsShown } };
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
          { ...axis, size: 28 },
          { ...axis, size: 62, values: (_, ticks) => ticks.map((tick) => (tick === null ? "" : shown(tick))) },
        ],
        series: [{}, ...series],
        hooks: {
          setCursor: [({ cursor: { idx } }) => this.#tell(idx ?? null)],
          setSelect: [
            (plot) => {
              const { left, width } = plot.select;
              if (width === 0) return;
              this.#range = [plot.posToVal(left, "x"), plot.posToVal(left + width, "x")];
              // what is seen has more of its points now
              void this.#again();
            },
          ],
        },
      },
      data,
      this.#place,
    );
    this.#plot.over.addEventListener("dblclick", () => {
      this.#range = null;
      void this.#again();
    });
  }

  /** The values at the cursor, or the last ones. */
  #tell(at: number | null): void {
    const plot = this.#plot;
    const [x = []] = plot?.data ?? [];
    const step = this.#options.smoothing === 0 ? 1 : 2;
    const last = this.#seen?.last.filter((value) => value !== undefined) ?? [];
    const values = this.#plotted.map(({ label }, i) => {
      const value = at === null ? last[i] : plot?.data[1 + i * step]?.[at];
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

/** Charts are drawn in turn, in a frame each, so that what a person does meanwhile is heard. */
function turn(): Promise<void> {
  last = last.then(() => new Promise((done) => requestAnimationFrame(() => done())));
  return last;
}
let last = Promise.resolve();

/** Points are seen where there are few of them, so that one epoch is something to see. */
function pointsShown(plot: uPlot, series: number): boolean {
  const values = plot.data[series] ?? [];
  return values.length <= 40;
}
