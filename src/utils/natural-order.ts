/**
 * The order in which people number things: `M6` before `M12`, `2` before `10`, `m06` and `M6` side by side. What says
 * that it is the baseline (`baseline`, `bl`) comes first. Names that are the same but for zeros or case go by code point.
 *
 * ```ts
 * ["ses-M12", "ses-M6", "ses-baseline"].sort(naturalOrder); // ses-baseline, ses-M6, ses-M12
 * ```
 */
export function naturalOrder(a: string, b: string): number {
  if (a === b) return 0;
  const [first, second] = [BASELINE.test(a), BASELINE.test(b)];
  if (first !== second) return first ? -1 : 1;
  const [x, y] = [partsOf(a), partsOf(b)];
  for (let i = 0; i < Math.min(x.length, y.length); i++) {
    const order = compareParts(x[i] ?? "", y[i] ?? "");
    if (order !== 0) return order;
  }
  return x.length - y.length || (a < b ? -1 : 1);
}

const BASELINE = /^(?:ses-)?(?:baseline|bl)$/i;

function partsOf(name: string): string[] {
  return name.toLowerCase().match(/\d+|\D+/g) ?? [];
}

function compareParts(a: string, b: string): number {
  if (!/^\d/.test(a) || !/^\d/.test(b)) return a === b ? 0 : a < b ? -1 : 1;
  // numbers may have more digits than a number of JavaScript holds
  const [x, y] = [a.replace(/^0+/, ""), b.replace(/^0+/, "")];
  return x.length - y.length || (x === y ? 0 : x < y ? -1 : 1);
}
