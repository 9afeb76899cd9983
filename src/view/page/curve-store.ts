import type { Curves, Num, Part, Series } from "../read/index.ts";
import type { News } from "../server/news.ts";
import { ask } from "./ask.ts";

/** The kinds of curves, in the order in which they are shown. */
export const KINDS = ["losses", "epochLosses", "metrics", "learningRates", "gradientNorms"] as const;
export type Kind = (typeof KINDS)[number];
/** Points that have come. */
export type Points = Extract<News, { kind: "points" }>;

/** A curve that grows. */
export interface Growing {
  readonly x: number[];
  readonly y: Num[];
}
/** The names of the curves of each kind. */
export type Names = readonly (readonly [Kind, readonly string[]])[];
type Curved = Readonly<Record<Kind, Map<string, Growing>>>;

/** The curves of all splits: what was read, and the points that have come since. */
export class CurveStore {
  readonly #curves = new Map<string, Curved>();
  /** Points that come while the curves before them are read. */
  readonly #waiting = new Map<string, Points[]>();

  /** Reads the curves of a split anew. */
  async load(maps: number, split: number): Promise<void> {
    const key = keyOf(maps, split);
    const waiting: Points[] = [];
    this.#waiting.set(key, waiting);
    const curves = await ask("curves", { maps, split });
    // another reading has begun since
    if (this.#waiting.get(key) !== waiting) return;
    this.#waiting.delete(key);
    this.#curves.set(key, growing(curves));
    for (const points of waiting) this.add(points);
  }

  add(points: Points): void {
    const key = keyOf(points.maps, points.split);
    this.#waiting.get(key)?.push(points);
    const curves = this.#curves.get(key);
    if (curves === undefined) return;
    for (const kind of ["losses", "epochLosses", "metrics", "learningRates"] as const) {
      for (const { x, values } of points[kind]) {
        for (const [name, value] of Object.entries(values)) append(curves[kind], name, x, value);
      }
    }
  }

  /** The names of the curves, in all splits. */
  names(): Names {
    const all = [...this.#curves.values()];
    return KINDS.map((kind) => [kind, [...new Set(all.flatMap((curves) => [...curves[kind].keys()]))]]);
  }
  get(maps: number, split: number, kind: Kind, name: string): Growing | null {
    return this.#curves.get(keyOf(maps, split))?.[kind].get(name) ?? null;
  }
}

function keyOf(maps: number, split: number): string {
  return `${maps} ${split}`;
}

function growing(curves: Curves): Curved {
  const of = (part: Part<readonly Series[]>): Map<string, Growing> => {
    const growing = new Map<string, Growing>();
    if (part.found) for (const { name, x, y } of part.value) growing.set(name, { x: [...x], y: [...y] });
    return growing;
  };
  return {
    losses: of(curves.losses),
    epochLosses: of(curves.epochLosses),
    metrics: of(curves.metrics),
    learningRates: of(curves.learningRates),
    gradientNorms: of(curves.gradientNorms),
  };
}

/** What is known already comes twice where it was read while it was told. */
function append(curves: Map<string, Growing>, name: string, x: number, y: Num): void {
  const curve = curves.get(name) ?? { x: [], y: [] };
  curves.set(name, curve);
  if (x <= (curve.x.at(-1) ?? Number.NEGATIVE_INFINITY)) return;
  curve.x.push(x);
  curve.y.push(y);
}
