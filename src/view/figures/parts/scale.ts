/** From values to places along an axis, with ticks at round values. */

export interface Tick {
  readonly value: number;
  readonly label: string;
}

export interface Scale {
  /** The least and the greatest value that it shows. */
  readonly domain: readonly [number, number];
  readonly ticks: readonly Tick[];
  /** Where a value is, in the units of the figure; NaN of one that it cannot show. */
  at(value: number): number;
}

export interface ScaleOptions {
  /** About how many ticks. Default 5. */
  readonly count?: number;
  /** Whether ticks are whole numbers. */
  readonly whole?: boolean;
  /** Whether the axis ends with the values, not with round ones. */
  readonly tight?: boolean;
}

/** The least and the greatest of the values that are finite; [0, 1] of none. */
export function extent(values: Iterable<number | null>): readonly [number, number] {
  let [least, greatest] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const value of values) {
    if (value === null || !Number.isFinite(value)) continue;
    if (value < least) least = value;
    if (value > greatest) greatest = value;
  }
  return least <= greatest ? [least, greatest] : [0, 1];
}

/** A scale in even steps. @param range where the ends of the axis are. */
export function linearScale(
  [least, greatest]: readonly [number, number],
  range: readonly [number, number],
  { count = 5, whole = false, tight = false }: ScaleOptions = {},
): Scale {
  const [low, high] = least < greatest ? [least, greatest] : widened(least);
  const step = Math.max(niceStep((high - low) / count), whole ? 1 : 0);
  const first = tight ? Math.ceil(low / step - 1e-9) : Math.floor(low / step + 1e-9);
  const last = tight ? Math.floor(high / step + 1e-9) : Math.ceil(high / step - 1e-9);
  const ticks = Array.from({ length: last - first + 1 }, (_, i) => {
    const value = roundTo((first + i) * step, step);
    return { value, label: labelOf(value, step) };
  });
  const domain = tight ? ([low, high] as const) : ([first * step, last * step] as const);
  const [from, to] = range;
  return { domain, ticks, at: (value) => from + ((value - domain[0]) / (domain[1] - domain[0])) * (to - from) };
}

/** A scale in which each tenfold is as long. Values that are not positive cannot be shown. */
export function logScale(
  values: Iterable<number | null>,
  range: readonly [number, number],
  { count = 5 }: Pick<ScaleOptions, "count"> = {},
): Scale {
  const positive = [...values].map((value) => (value !== null && value > 0 ? value : null));
  const [least, greatest] = positive.some((value) => value !== null) ? extent(positive) : [0.1, 1];
  const [low, high] =
    least < greatest ? [Math.log10(least), Math.log10(greatest)] : [Math.log10(least) - 0.5, Math.log10(least) + 0.5];
  const [first, last] = [Math.floor(low + 1e-9), Math.ceil(high - 1e-9)];
  const decades = Array.from({ length: last - first + 1 }, (_, i) => first + i);
  const every = Math.ceil(decades.length / (count + 1));
  const multiples = decades.length <= 2 ? [1, 2, 5] : [1];
  const ticks = decades
    .filter((decade) => (decade - first) % every === 0)
    .flatMap((decade) => multiples.map((multiple) => ({ decade, multiple })))
    .filter(({ decade, multiple }) => decade + Math.log10(multiple) <= last)
    .map(({ decade, multiple }) => ({
      value: multiple * 10 ** decade,
      label:
        multiples.length === 1 && Math.abs(decade) > 3
          ? `10${superscript(decade)}`
          : shortNumber(multiple * 10 ** decade),
    }));
  const [from, to] = range;
  const at = (value: number): number =>
    value > 0 ? from + ((Math.log10(value) - first) / (last - first)) * (to - from) : Number.NaN;
  return { domain: [10 ** first, 10 ** last], ticks, at };
}

function widened(value: number): readonly [number, number] {
  const half = Math.abs(value) * 0.1 || 0.5;
  return [value - half, value + half];
}

/** 1, 2 or 5 times a power of ten: the first that is no less. */
function niceStep(step: number): number {
  const power = 10 ** Math.floor(Math.log10(step));
  const factor = [1, 2, 5, 10].find((candidate) => step <= candidate * power * (1 + 1e-9)) ?? 10;
  return factor * power;
}

function decimalsOf(step: number): number {
  return Math.min(Math.max(0, -Math.floor(Math.log10(step) + 1e-9)), 20);
}

function roundTo(value: number, step: number): number {
  return Number(value.toFixed(decimalsOf(step))) + 0;
}

function labelOf(value: number, step: number): string {
  const size = Math.max(Math.abs(value), step);
  if (size >= 1e6 || step < 1e-4)
    return value === 0
      ? "0"
      : minus(
          value
            .toExponential(2)
            .replace(/\.?0+e/, "e")
            .replace("e+", "e"),
        );
  return minus(value.toFixed(decimalsOf(step)));
}

/** A number in four digits, as figures show it. */
export function shortNumber(value: number): string {
  return minus(String(Number(value.toPrecision(4))));
}

/** With the sign that is as wide as a plus. */
function minus(text: string): string {
  return text.replaceAll("-", "−");
}

function superscript(value: number): string {
  const digits: Readonly<Record<string, string>> = {
    "-": "⁻",
    "0": "⁰",
    "1": "¹",
    "2": "²",
    "3": "³",
    "4": "⁴",
    "5": "⁵",
    "6": "⁶",
    "7": "⁷",
    "8": "⁸",
    "9": "⁹",
  };
  return [...String(value)].map((digit) => digits[digit] ?? digit).join("");
}
