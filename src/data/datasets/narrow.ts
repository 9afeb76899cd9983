/** Values in less memory, exactly. */
import type { DType, Tensor } from "../../torch/index.ts";

/** The smaller types, and what they hold. A brain that was scanned as int16 is float32 only because everything is. */
const SMALLER = [
  { dtype: "uint8", min: 0, max: 255 },
  { dtype: "int16", min: -32768, max: 32767 },
] as const satisfies readonly { dtype: DType; min: number; max: number }[];

/** How many values are looked at before all are: those of a normalised image are seen at once not to be integers. */
const FIRST = 4096;

/** The tensor in the smallest type that gives every value back, the sign of zeros included; as it is where there is none. Call it in a scope. */
export function narrowest(tensor: Tensor): Tensor {
  const size = tensor.numel();
  if (size === 0 || tensor.isComplex() || tensor.dtype === "uint8" || tensor.dtype === "bool") return tensor;
  const isFloating = tensor.isFloatingPoint();
  if (isFloating && !isIntegers(tensor.reshape([-1]).narrow(0, 0, Math.min(FIRST, size)))) return tensor;
  const [least, greatest] = tensor.aminmax().map((one) => one.to({ dtype: "float64" }).item());
  // NaN is in no range
  const found = SMALLER.find(({ min, max }) => Number(least) >= min && Number(greatest) <= max);
  if (found === undefined || found.dtype === tensor.dtype) return tensor;
  if (isFloating && !isIntegers(tensor)) return tensor;
  return tensor.to({ dtype: found.dtype });
}

/** Whether all values are integers, and none is the zero with a minus sign, which integers do not have. */
function isIntegers(values: Tensor): boolean {
  const whole = values.eq(values.trunc()).all().item();
  const negativeZero = values.eq(0).logicalAnd(values.signbit()).any().item();
  return Boolean(whole) && !negativeZero;
}
