import { ConfigError } from "../../utils/exceptions.ts";
import { bothClasses, ties } from "../ranking.ts";

/**
 * The temperature by which logits are divided, so that probabilities say how often it is so (Guo et al. 2017, arXiv:1706.04599): the one with the least
 * cross-entropy on validation data. Above 1 where a network is too sure. The order of scores, and so the AUC, stays.
 *
 * @param logits of each sample, before sigmoid (one column) or softmax (one column per class).
 * @param labels 0 and 1 of one column, else the index of the class.
 * @throws ConfigError where logits or labels are no such; where the least cross-entropy is that of no finite temperature: the logits tell all labels
 * without error, or are no better than none.
 *
 * @example
 * ```ts
 * const temperature = fitTemperature([[2.1], [-0.3], [0.4], [-1.8]], [1, 1, 0, 0]); // of the validation data
 * const probabilities = withTemperature([[1.2]], temperature); // of the test data
 * ```
 */
export function fitTemperature(logits: readonly (readonly number[])[], labels: readonly number[]): number {
  const samples = asSoftmax(logits, labels);
  // the cross-entropy is convex in the inverse of the temperature: its slope grows
  const slope = (inverse: number): number => {
    let sum = 0;
    for (const { row, label } of samples) {
      const expected = softmax(row, inverse).reduce((mean, p, c) => mean + p * (row[c] ?? 0), 0);
      sum += expected - (row[label] ?? 0);
    }
    return sum / samples.length;
  };
  let [low, high] = [2 ** -20, 2 ** 20];
  if (slope(low) >= 0) {
    throw new ConfigError(
      "fitTemperature: the logits go against the labels, or say nothing of them. Look at the order of classes, and at whether the network has learned.",
    );
  }
  if (slope(high) <= 0) {
    throw new ConfigError(
      "fitTemperature: the greatest logit is right for every sample, so that the least temperature is best. Fit it on data with errors.",
    );
  }
  // halving the exponent, to the last bit
  for (let middle = 1; middle > low && middle < high; middle = Math.sqrt(low) * Math.sqrt(high)) {
    if (slope(middle) < 0) low = middle;
    else high = middle;
  }
  return 1 / high;
}

/**
 * Probabilities of logits divided by a temperature: by sigmoid of one column, else by softmax.
 *
 * @example
 * ```ts
 * console.log(withTemperature([[2]], 2).map(([p]) => p?.toFixed(4))); // → [ '0.7311' ]
 * ```
 */
export function withTemperature(logits: readonly (readonly number[])[], temperature: number): number[][] {
  if (!(temperature > 0)) {
    throw new ConfigError(`withTemperature: 'temperature' got ${temperature}. Give one that is greater than 0.`);
  }
  return logits.map((row) =>
    row.length === 1 ? softmax([0, row[0] ?? Number.NaN], 1 / temperature).slice(1) : softmax(row, 1 / temperature),
  );
}

interface Sample {
  readonly row: readonly number[];
  readonly label: number;
}

function asSoftmax(logits: readonly (readonly number[])[], labels: readonly number[]): Sample[] {
  if (logits.length === 0 || logits.length !== labels.length) {
    throw new ConfigError(
      `fitTemperature: ${logits.length} rows of logits, for ${labels.length} labels. Give one for each.`,
    );
  }
  const columns = logits[0]?.length ?? 0;
  const classes = Math.max(2, columns);
  return logits.map((row, i) => {
    const label = labels[i] ?? Number.NaN;
    if (columns === 0 || row.length !== columns || !row.every(Number.isFinite)) {
      throw new ConfigError(
        `fitTemperature: row ${i} of the logits is [${row.join(", ")}]. Give ${columns || 1} finite numbers.`,
      );
    }
    if (!Number.isInteger(label) || label < 0 || label >= classes) {
      throw new ConfigError(
        `fitTemperature: label ${i} is ${label}. Expected the index of a class, 0 to ${classes - 1}.`,
      );
    }
    return { row: columns === 1 ? [0, ...row] : row, label };
  });
}

function softmax(row: readonly number[], inverse: number): number[] {
  const greatest = Math.max(...row);
  const powers = row.map((logit) => Math.exp((logit - greatest) * inverse));
  const sum = powers.reduce((a, b) => a + b, 0);
  return powers.map((power) => power / sum);
}

/** A threshold of scores: at it and above the decision is 1. */
export interface Threshold {
  readonly threshold: number;
  readonly sensitivity: number;
  readonly specificity: number;
}

/**
 * The threshold with the greatest sensitivity + specificity (Youden 1950, Cancer 3:32), of several the highest. Choose it on validation data, and apply it to
 * test data: on the data that it was chosen on, sensitivity and specificity are too good.
 *
 * @throws ConfigError for labels that are neither 0 nor 1, or all alike, and for scores that are NaN.
 * @example
 * ```ts
 * const { threshold } = youdenThreshold([0.9, 0.6, 0.4, 0.1], [1, 1, 0, 0]);
 * const decided = [0.7, 0.2].map((score) => (score >= threshold ? 1 : 0)); // or AsDiscreteConfig({ threshold }) in `postprocessing`
 * ```
 */
export function youdenThreshold(scores: readonly number[], labels: readonly number[]): Threshold {
  if (scores.length !== labels.length || !bothClasses(labels) || scores.some(Number.isNaN)) {
    throw new ConfigError(
      "youdenThreshold needs a score, not NaN, for each label, and labels that are 0 and 1, with some of both.",
    );
  }
  const positives = labels.reduce((sum, label) => sum + label, 0);
  const negatives = labels.length - positives;
  const order = scores.map((_, i) => i).sort((a, b) => (scores[b] ?? 0) - (scores[a] ?? 0));
  let best: Threshold = { threshold: Number.POSITIVE_INFINITY, sensitivity: 0, specificity: 1 };
  let bestIndex = 0;
  let [found, wrong] = [0, 0];
  for (const run of ties(order, scores)) {
    const here = run.reduce((sum, i) => sum + (labels[i] ?? 0), 0);
    found += here;
    wrong += run.length - here;
    // in whole numbers, so that equal ones are equal
    const index = found * negatives - wrong * positives;
    if (index <= bestIndex) continue;
    bestIndex = index;
    best = {
      threshold: scores[run[0] ?? 0] ?? Number.NaN,
      sensitivity: found / positives,
      specificity: 1 - wrong / negatives,
    };
  }
  return best;
}
