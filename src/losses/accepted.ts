import * as torch from "../torch/index.ts";
import { show } from "../utils/config.ts";

/** Which values a loss or a metric accepts. */
export interface Accepted {
  /** The loss or metric. */
  readonly by: string;
  /** "class indices, integers from 0 to 2", for messages. */
  readonly expected: string;
  /** What to do about other values. */
  readonly remedy: string;
  readonly integer: boolean;
  readonly min: number;
  readonly max: number;
  /** A value that is accepted besides; null: none. */
  readonly ignored: number | null;
  /** A value in between that is not accepted where samples have one each. Default: none. */
  readonly except?: number;
  /** Whether NaN passes, because it gives a loss or a metric that is NaN, which is told elsewhere. */
  readonly nan: boolean;
}

/** Where values come from, for messages. */
export interface ValueSource {
  readonly field: string;
  readonly participants: readonly { readonly participantId: string; readonly sessionId: string }[];
}

/** How many samples a message names, and how many of the values of each. */
const NAMED_SAMPLES = 5;
const NAMED_VALUES = 3;

/**
 * Whether a single value, such as a cell of a table, is accepted.
 *
 * @example
 * ```ts
 * const rule = acceptedTargets(new CrossEntropyLossConfig().getObject(), 3);
 * if (rule !== null) console.log(accepts(rule, 2), accepts(rule, 0.5)); // → true false
 * ```
 */
export function accepts(rule: Accepted, value: number): boolean {
  if (value === rule.ignored) return true;
  if (Number.isNaN(value)) return rule.nan;
  const within = value >= rule.min && value <= rule.max && value !== rule.except;
  return within && (!rule.integer || Number.isInteger(value));
}

/**
 * The values of each sample that are not accepted, a few of them.
 * @param values (N, …) of any type.
 * @returns N lists; null when all is well.
 */
export function refusedValues(rule: Accepted, values: torch.Tensor): number[][] | null {
  if (values.numel() === 0) return null;
  using _scope = torch.scope();
  using _grad = torch.noGrad();
  const numbers = values.dtype === "bool" ? values.to({ dtype: "uint8" }) : values;
  const whole = !isFloating(numbers);
  const single = values.numel() === values.shape[0];
  const excepted = rule.except !== undefined && single ? numbers.eq(rule.except) : null;
  // one pass is enough where all is well; NaN goes through both comparisons as false
  const [low, high] = numbers.aminmax();
  const within = Number(low.item()) >= rule.min && Number(high.item()) <= rule.max;
  const integers = whole || !rule.integer || Number(numbers.trunc().eq(numbers).all().item()) === 1;
  if (within && integers && (excepted === null || Number(excepted.any().item()) === 0)) return null;

  let bad = numbers.lt(rule.min).logicalOr(numbers.gt(rule.max));
  if (excepted !== null) bad = bad.logicalOr(excepted);
  if (!whole) {
    const isNan = numbers.isnan();
    if (rule.integer) bad = bad.logicalOr(numbers.trunc().ne(numbers));
    bad = rule.nan ? bad.logicalAnd(isNan.logicalNot()) : bad.logicalOr(isNan);
  }
  if (rule.ignored !== null) bad = bad.logicalAnd(numbers.ne(rule.ignored));
  if (Number(bad.any().item()) === 0) return null;
  return Array.from({ length: values.shape[0] ?? 0 }, (_, i) => {
    const found = numbers.select(0, i).maskedSelect(bad.select(0, i));
    const some = Array.from(found.to({ dtype: "float64", device: "cpu" }).toTypedArray(), Number);
    return [...new Set(some)].slice(0, NAMED_VALUES);
  });
}

function isFloating({ dtype }: torch.Tensor): boolean {
  return dtype.startsWith("float") || dtype === "bfloat16";
}

/** "(sub-002, ses-M000): 'label' is 0.5; …", of the samples with values that are not accepted. */
export function describeRefused({ field, participants }: ValueSource, values: readonly (readonly unknown[])[]): string {
  const found = values.flatMap((some, i) => {
    if (some.length === 0) return [];
    const { participantId = "?", sessionId = "?" } = participants[i] ?? {};
    return [`(${participantId}, ${sessionId}): '${field}' is ${some.map(show).join(", ")}`];
  });
  const more = found.length > NAMED_SAMPLES ? `; and ${found.length - NAMED_SAMPLES} more` : "";
  return `${found.slice(0, NAMED_SAMPLES).join("; ")}${more}`;
}

/** What is said of values that are not accepted. */
export function refusal(rule: Accepted, source: ValueSource, values: readonly (readonly unknown[])[]): string {
  return `${describeRefused(source, values)}. ${rule.by} takes ${rule.expected}. ${rule.remedy}`;
}
