/** Values as Python's `repr` writes them, so that a printed network reads as PyTorch's. */

/** A float: `1e-05`, `0.1`, `2.0`. */
export function pyFloat(value: number): string {
  if (Number.isNaN(value)) return "nan";
  if (!Number.isFinite(value)) return value > 0 ? "inf" : "-inf";
  const [mantissa = "0", exponentText = "0"] = value.toExponential().split("e");
  const exponent = Number(exponentText);
  if (value !== 0 && (exponent < -4 || exponent >= 16)) {
    const digits = String(Math.abs(exponent)).padStart(2, "0");
    return `${mantissa}e${exponent < 0 ? "-" : "+"}${digits}`;
  }
  if (Object.is(value, -0)) return "-0.0";
  return Number.isInteger(value) ? value.toFixed(1) : String(value); // String() turns to exponents below 1e-6 only
}

/** `None` for null. */
export function pyFloatOrNone(value: number | null): string {
  return value === null ? "None" : pyFloat(value);
}

export function pyBool(value: boolean): string {
  return value ? "True" : "False";
}

/** An int, `None`, or a tuple of them: `2`, `(3, 3)`, `(4,)`. */
export function pyInts(value: number | null | readonly (number | null)[]): string {
  return sequence(value, String);
}

/** A float or a tuple of floats: `2.0`, `(2.0, 1.5)`. */
export function pyFloats(value: number | readonly number[]): string {
  return sequence(value, pyFloat);
}

function sequence(value: number | null | readonly (number | null)[], one: (n: number) => string): string {
  const item = (n: number | null): string => (n === null ? "None" : one(n));
  if (typeof value === "number" || value === null) return item(value);
  return `(${value.map(item).join(", ")}${value.length === 1 ? "," : ""})`;
}

/** `torch.Size([2, 3])`. */
export function pySize(shape: readonly number[]): string {
  return `torch.Size([${shape.join(", ")}])`;
}

/** Every line but the first moved `spaces` to the right. */
export function indentAfterFirst(text: string, spaces: number): string {
  return text.split("\n").join(`\n${" ".repeat(spaces)}`);
}
