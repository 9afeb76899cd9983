/** Prints a tensor as PyTorch does (`torch/_tensor_str.py` describes the rules: 4 digits, 3 items at the edges, 1000 elements). */
import type { DType } from "./types.ts";

/** What is shown of a tensor. */
interface Printable {
  readonly shape: readonly number[];
  readonly dtype: DType;
  readonly device: string;
  readonly requiresGrad: boolean;
  readonly gradFn: string | null;
  numel(): number;
  toTypedArray(): ArrayLike<number | bigint>;
}

const precision = 4;
const edge = 3;
const threshold = 1000;

function sci(value: number): string {
  const [mantissa, exponent] = value.toExponential(precision).split("e");
  const n = Number(exponent);
  return `${mantissa}e${n < 0 ? "-" : "+"}${String(Math.abs(n)).padStart(2, "0")}`;
}

/** One format for all numbers shown: integers, fixed or scientific. */
function formatter(shown: readonly number[], dtype: DType): (value: number) => string {
  if (dtype === "bool") return (v) => (v ? "True" : "False");
  if (!dtype.startsWith("float") && dtype !== "bfloat16") return (v) => String(v);
  const special = (v: number): string | undefined =>
    Number.isNaN(v)
      ? "nan"
      : v === Number.POSITIVE_INFINITY
        ? "inf"
        : v === Number.NEGATIVE_INFINITY
          ? "-inf"
          : undefined;
  const finite = shown.filter((v) => Number.isFinite(v) && v !== 0).map(Math.abs);
  if (finite.length === 0) return (v) => special(v) ?? `${Object.is(v, -0) ? "-0" : v}.`;
  const max = finite.reduce((a, b) => Math.max(a, b));
  const min = finite.reduce((a, b) => Math.min(a, b));
  const whole = finite.every((v) => Number.isInteger(v));
  const scientific = whole ? max / min > 1000 || max > 1e8 : max / min > 1000 || max > 1e8 || min < 1e-4;
  if (scientific) return (v) => special(v) ?? sci(v);
  if (whole) return (v) => special(v) ?? `${Object.is(v, -0) ? "-0" : v}.`;
  return (v) => special(v) ?? v.toFixed(precision);
}

/** Runs of equal indices shown along each dimension: all, or the edges with an ellipsis between. */
function indices(length: number, summarise: boolean): (number | "…")[] {
  if (!summarise || length <= 2 * edge) return Array.from({ length }, (_, i) => i);
  return [0, 1, 2, "…", length - 3, length - 2, length - 1];
}

export function formatTensor(tensor: Printable): string {
  const { shape, dtype, device, requiresGrad, gradFn } = tensor;
  const flat = tensor.toTypedArray();
  const complex = dtype.startsWith("complex");
  const total = tensor.numel();
  const summarise = total > threshold;
  const strides = shape.map((_, d) => shape.slice(d + 1).reduce((a, b) => a * b, 1));
  const offsets: number[] = [];
  const gather = (dim: number, offset: number): void => {
    if (dim === shape.length) offsets.push(offset);
    else
      for (const i of indices(shape[dim] ?? 0, summarise)) {
        if (i !== "…") gather(dim + 1, offset + i * (strides[dim] ?? 1));
      }
  };
  gather(0, 0);
  const at = (offset: number): number => Number(flat[offset]);
  const real = complex ? "float32" : dtype;
  const format = formatter(
    offsets.map((o) => at(complex ? 2 * o : o)),
    real,
  );
  const formatImaginary = complex
    ? formatter(
        offsets.map((o) => at(2 * o + 1)),
        real,
      )
    : format;
  const text = (offset: number): string => {
    if (!complex) return format(at(offset));
    const im = at(2 * offset + 1);
    return `${format(at(2 * offset))}${im < 0 || Object.is(im, -0) ? "-" : "+"}${formatImaginary(Math.abs(im))}j`;
  };
  const width = offsets.reduce((w, o) => Math.max(w, text(o).length), 0);
  const render = (dim: number, offset: number, indent: number): string => {
    if (dim === shape.length) return text(offset).padStart(shape.length === 0 ? 0 : width);
    const items = indices(shape[dim] ?? 0, summarise).map((i) =>
      i === "…"
        ? dim === shape.length - 1
          ? " ..."
          : "..."
        : render(dim + 1, offset + i * (strides[dim] ?? 1), indent + 1),
    );
    if (dim === shape.length - 1) {
      const perLine = Math.max(1, Math.floor((80 - indent) / (width + 2)));
      const lines: string[] = [];
      for (let i = 0; i < items.length; i += perLine) lines.push(items.slice(i, i + perLine).join(", "));
      return `[${lines.join(`,\n${" ".repeat(indent + 1)}`)}]`;
    }
    return `[${items.join(`,${"\n".repeat(shape.length - dim - 1)}${" ".repeat(indent + 1)}`)}]`;
  };
  const prefix = "tensor(";
  const body = total === 0 ? `[]` : render(0, 0, prefix.length);
  const notes: string[] = [];
  if (device !== "cpu") notes.push(`device='${device}'`);
  if (total === 0 && shape.length !== 1) notes.push(`size=(${shape.join(", ")})`);
  if (!["float32", "int64", "bool", "complex64"].includes(dtype) || (total === 0 && dtype !== "float32")) {
    notes.push(`dtype=torch.${dtype}`);
  }
  if (gradFn !== null) notes.push(`grad_fn=<${gradFn}>`);
  else if (requiresGrad) notes.push("requires_grad=True");
  return `${prefix}${[body, ...notes].join(", ")})`;
}
