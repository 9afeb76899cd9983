export { hasFloats, markFloats } from "../../utils/floats.ts";

/**
 * A float as Python prints it: `1.0`, `1e-05`, `1e+16`, `nan` as `NaN`. Shortest digits that give the number back.
 * @example
 * ```ts
 * console.log(pythonFloat(1), pythonFloat(1e-5), pythonFloat(1e16)); // → 1.0 1e-05 1e+16
 * ```
 */
export function pythonFloat(value: number): string {
  if (Number.isNaN(value)) return "NaN";
  if (!Number.isFinite(value)) return value > 0 ? "Infinity" : "-Infinity";
  if (value === 0) return Object.is(value, -0) ? "-0.0" : "0.0";
  const [mantissa = "", exponentText = "0"] = value.toExponential().split("e");
  const exponent = Number(exponentText);
  if (exponent < -4 || exponent >= 16) {
    return `${mantissa}e${exponent < 0 ? "-" : "+"}${String(Math.abs(exponent)).padStart(2, "0")}`;
  }
  if (Number.isInteger(value)) return `${value}.0`;
  // between 1e-4 and 1e16 only 1e-4 > |value| ≥ 1e-6 would differ, and that is above
  return String(value);
}

/**
 * A number as Python prints it: an integer where it is one that both languages hold exactly.
 * @example
 * ```ts
 * console.log(pythonNumber(1), pythonNumber(0.5)); // → 1 0.5
 * ```
 */
export function pythonNumber(value: number): string {
  return Number.isSafeInteger(value) && !Object.is(value, -0) ? String(value) : pythonFloat(value);
}
