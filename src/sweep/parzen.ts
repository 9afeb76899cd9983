import { normalCdf } from "../utils/stats/index.ts";
import { bounds, fromScale, type Range } from "./space.ts";

/** A density made of one kernel for each value that was observed, and one for what was believed before. */
export interface Parzen {
  /** Of each kernel, the prior's last; they add up to 1. */
  readonly weights: readonly number[];
  /** The logarithm of the density (of integers and choices: of the probability) at a value; of a choice, at its index. */
  logDensity(value: number): number;
  /** Draws a value. @param uniform gives numbers from 0 to below 1. */
  draw(uniform: () => number): number;
}

/** A Parzen estimator of numbers, whose kernels are normal distributions cut off at the ends of the range. */
export interface NumericParzen extends Parzen {
  /** Centres, on the scale of the range. */
  readonly mus: readonly number[];
  readonly sigmas: readonly number[];
}

/** How much the belief before counts, in observations. */
const PRIOR_WEIGHT = 1;
/** The latest of so many observations count fully; those before them less, the older the less. */
const FULL = 25;

/**
 * The Parzen estimator of one parameter that TPE compares (Bergstra et al. 2011, Algorithms for Hyper-Parameter Optimization),
 * with the weights and widths of Optuna's defaults.
 * @param observed values in the order of their trials; of a choice, indices.
 */
export function makeParzen(range: Range, observed: readonly number[]): Parzen {
  return range.kind === "choice" ? overChoices(range.choices.length, observed) : overNumbers(range, observed);
}

/** {@link makeParzen} of a float or an integer. */
export function overNumbers(range: Exclude<Range, { kind: "choice" }>, observed: readonly number[]): NumericParzen {
  const [low, high] = bounds(range);
  const centres = observed.map((value) => (range.log ? Math.log(value) : value));
  const weights = kernelWeights(observed.length);
  const mus = [...centres, (low + high) / 2];
  const sigmas = [...widths(centres, low, high), high - low];
  const kernels = weights.map((weight, i) => {
    const [mu, sigma] = [mus[i] ?? 0, sigmas[i] ?? 1];
    return { weight, mu, sigma, inside: mass((low - mu) / sigma, (high - mu) / sigma) };
  });
  const densityAt = (value: number): number => {
    const scaled = (x: number): number => (range.log ? Math.log(x) : x);
    let density = 0;
    for (const { weight, mu, sigma, inside } of kernels) {
      const z = (x: number): number => (scaled(x) - mu) / sigma;
      const one =
        range.kind === "int"
          ? mass(z(value - 0.5), z(value + 0.5))
          : Math.exp(-(z(value) ** 2) / 2) / (Math.sqrt(2 * Math.PI) * sigma);
      density += (weight * one) / inside;
    }
    return density;
  };
  return {
    weights,
    mus,
    sigmas,
    logDensity: (value) => Math.log(densityAt(value)),
    draw(uniform) {
      const index = pick(weights, uniform());
      const [mu, sigma] = [mus[index] ?? 0, sigmas[index] ?? 1];
      // a kernel is centred inside the range and at most as wide: at least a third of what is drawn is inside
      for (;;) {
        const radius = Math.sqrt(-2 * Math.log(1 - uniform()));
        const x = mu + sigma * radius * Math.cos(2 * Math.PI * uniform());
        if (x >= low && x <= high) return fromScale(range, x);
      }
    },
  };
}

function overChoices(count: number, observed: readonly number[]): Parzen {
  const weights = kernelWeights(observed.length);
  // each kernel gives its own choice 1, and all choices the same small part
  const part = observed.length === 0 ? 1 : PRIOR_WEIGHT / weights.length;
  const probabilities = Array.from({ length: count }, (_, choice) =>
    weights.reduce((sum, weight, i) => {
      const own = observed[i];
      return sum + (weight * (part + (own === choice ? 1 : 0))) / (part * count + (own === undefined ? 0 : 1));
    }, 0),
  );
  return {
    weights,
    logDensity: (choice) => Math.log(probabilities[choice] ?? 0),
    draw: (uniform) => pick(probabilities, uniform()),
  };
}

/** Weights of as many observations, oldest first, and of the prior. */
function kernelWeights(count: number): number[] {
  const ramp = count - FULL;
  const raw = Array.from({ length: count }, (_, i) => {
    if (i >= ramp) return 1;
    return ramp === 1 ? 1 / count : 1 / count + (i * (1 - 1 / count)) / (ramp - 1);
  });
  raw.push(PRIOR_WEIGHT);
  const sum = raw.reduce((a, b) => a + b, 0);
  return raw.map((weight) => weight / sum);
}

/** As wide as the larger distance to a neighbour, but not so narrow that the search ends in one point ("magic clip"). */
function widths(centres: readonly number[], low: number, high: number): number[] {
  const order = centres.map((_, i) => i).sort((a, b) => (centres[a] ?? 0) - (centres[b] ?? 0));
  const sorted = order.map((i) => centres[i] ?? 0);
  const narrowest = (high - low) / Math.min(100, 2 + centres.length);
  const result = new Array<number>(centres.length).fill(0);
  sorted.forEach((centre, place) => {
    const [before, after] = [sorted[place - 1], sorted[place + 1]];
    const toBefore = centre - (before ?? low);
    const toAfter = (after ?? high) - centre;
    // the ends of the range count as neighbours of a single observation only
    let width = Math.max(toBefore, toAfter);
    if (sorted.length > 1 && before === undefined) width = toAfter;
    if (sorted.length > 1 && after === undefined) width = toBefore;
    result[order[place] ?? 0] = Math.min(Math.max(width, narrowest), high - low);
  });
  return result;
}

/** The probability that a standard normal variable lies between, computed in the tail where it loses no digits. */
function mass(from: number, to: number): number {
  return from > 0 ? normalCdf(-from) - normalCdf(-to) : normalCdf(to) - normalCdf(from);
}

function pick(weights: readonly number[], uniform: number): number {
  let sum = 0;
  for (const [i, weight] of weights.entries()) {
    sum += weight;
    if (uniform < sum) return i;
  }
  return weights.length - 1;
}
