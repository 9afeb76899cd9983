/** What one parameter of a sweep may be. */
export type Range =
  | { readonly kind: "float"; readonly low: number; readonly high: number; readonly log: boolean }
  | { readonly kind: "int"; readonly low: number; readonly high: number; readonly log: boolean }
  | { readonly kind: "choice"; readonly choices: readonly unknown[] };

/** The numbers between which kernels lie: logarithms where the range is logarithmic, half a step wider for integers. */
export function bounds(range: Exclude<Range, { kind: "choice" }>): readonly [low: number, high: number] {
  const margin = range.kind === "int" ? 0.5 : 0;
  const [low, high] = [range.low - margin, range.high + margin];
  return range.log ? [Math.log(low), Math.log(high)] : [low, high];
}

/** Draws a value where each is as likely; of a choice, its index. @param uniform gives numbers from 0 to below 1. */
export function drawUniform(range: Range, uniform: () => number): number {
  if (range.kind === "choice") return Math.floor(uniform() * range.choices.length);
  const [low, high] = bounds(range);
  return fromScale(range, low + uniform() * (high - low));
}

/** From the scale of {@link bounds} to a value inside the range. */
export function fromScale(range: Exclude<Range, { kind: "choice" }>, x: number): number {
  const value = range.log ? Math.exp(x) : x;
  const whole = range.kind === "int" ? Math.round(value) : value;
  return Math.min(Math.max(whole, range.low), range.high);
}
