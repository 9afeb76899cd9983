import type { FigureOptions } from "../figures/index.ts";

/** A figure of a MAPS, to be drawn. */
export interface GalleryFigure {
  /** The name of its file, without extension: `loss`, `metric-auc`, `held-roc`. */
  readonly name: string;
  /** Where it belongs: to the trainings, or to what the models gave on data. */
  readonly part: "training" | "evaluation";
  /** Of which metric or loss it is, if it is of one. */
  readonly metric?: string;
  /** As SVG. */
  readonly draw: (options?: FigureOptions) => string;
}

/** A text as part of the name of a file. */
export function fileName(text: string): string {
  return text.replace(/[^\p{L}\p{N}_.-]+/gu, "_").replace(/^\.+/, "") || "_";
}

/** The same, with names that are all different, also on a disk to which `A` is `a`. */
export function withOwnNames<T extends { readonly name: string }>(items: readonly T[]): T[] {
  const taken = new Set<string>();
  return items.map((item) => {
    let name = item.name;
    for (let count = 2; taken.has(name.toLowerCase()); count++) name = `${item.name}-${count}`;
    taken.add(name.toLowerCase());
    return name === item.name ? item : { ...item, name };
  });
}
