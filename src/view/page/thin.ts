import type { Growing } from "./curve-store.ts";

/**
 * What is seen of a curve: of each of many stretches, its least and its greatest value, so that no peak is lost. A curve of few points stays as it is.
 * @param range which part of x is seen; null: all.
 * @param stretches how many: one for each pixel.
 */
export function thin({ x, y }: Growing, range: readonly [number, number] | null, stretches: number): Growing {
  const first = range === null ? 0 : Math.max(0, x.findIndex((at) => at >= range[0]) - 1);
  const end = range === null ? x.length : Math.min(x.length, x.findLastIndex((at) => at <= range[1]) + 2);
  const size = Math.ceil((end - first) / stretches);
  if (size <= 2) return { x: x.slice(first, end), y: y.slice(first, end) };
  const thinned: Growing = { x: [], y: [] };
  for (let start = first; start < end; start += size) {
    let [least, greatest] = [start, start];
    for (let i = start; i < Math.min(start + size, end); i++) {
      if ((y[i] ?? Infinity) < (y[least] ?? Infinity)) least = i;
      if ((y[i] ?? -Infinity) > (y[greatest] ?? -Infinity)) greatest = i;
    }
    for (const i of new Set([Math.min(least, greatest), Math.max(least, greatest)])) {
      thinned.x.push(x[i] ?? 0);
      thinned.y.push(y[i] ?? null);
    }
  }
  return thinned;
}
