import { ConfigError } from "../../utils/exceptions.ts";
import { chiSquaredPValue, incompleteBeta } from "../../utils/stats/index.ts";

/** Of two models on the same participants, which was right where the other was not. */
export interface McNemar {
  /** How many only the first, and only the second was right of. */
  readonly onlyFirst: number;
  readonly onlySecond: number;
  /** χ² with one degree of freedom; null of the exact test. */
  readonly statistic: number | null;
  /** Of no difference, two-sided; 1 where both are right of the same. */
  readonly pValue: number;
}

/**
 * McNemar's test (1947, Psychometrika 12:153): whether one of two classifiers is right more often than the other, on the same participants. As `mcnemar` of
 * statsmodels.
 *
 * @param first, second whether each was right, of the same participants in the same order.
 * @param options `exact` (default true): the binomial distribution; else χ², corrected for continuity (Edwards 1948) unless `correction` is false.
 * @throws ConfigError when there are not as many of both.
 * @example
 * ```ts
 * const labels = [1, 1, 1, 0, 0, 0];
 * const right = (decided: readonly number[]) => decided.map((decision, i) => decision === labels[i]);
 * const { pValue } = mcnemar(right([1, 1, 1, 0, 0, 1]), right([1, 0, 0, 1, 0, 1]));
 * console.log(pValue); // → 0.25
 * ```
 */
export function mcnemar(
  first: readonly boolean[],
  second: readonly boolean[],
  { exact = true, correction = true }: { readonly exact?: boolean; readonly correction?: boolean } = {},
): McNemar {
  if (first.length !== second.length) {
    throw new ConfigError(
      `mcnemar: ${first.length} decisions of the first, ${second.length} of the second. Give both of the same participants.`,
    );
  }
  const onlyFirst = first.filter((right, i) => right && second[i] === false).length;
  const onlySecond = second.filter((right, i) => right && first[i] === false).length;
  const apart = onlyFirst + onlySecond;
  const counts = { onlyFirst, onlySecond };
  if (exact) {
    const fewer = Math.min(onlyFirst, onlySecond);
    // how likely it is that a fair coin gives no more than that
    const tail = apart === 0 ? 1 : incompleteBeta(apart - fewer, fewer + 1, 0.5);
    return { ...counts, statistic: null, pValue: Math.min(1, 2 * tail) };
  }
  const distance = Math.abs(onlyFirst - onlySecond) - (correction ? 1 : 0);
  const statistic = apart === 0 ? 0 : distance ** 2 / apart;
  return { ...counts, statistic, pValue: chiSquaredPValue(statistic) };
}
