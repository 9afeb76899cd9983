import { knownOptions } from "./arguments.ts";
import { dtypes, memoryFormats } from "./types.ts";
import { checkDevice, checkOneOf } from "./words.ts";

/**
 * The options of `x.to(…)` and `module.to(…)`.
 * @throws TypeError that says what to write for `x.to("cuda")`, `x.to("float64")` and `x.to(other)`, as in PyTorch
 */
export function conversion<O extends object>(
  what: string,
  given: readonly [options: O, ...surplus: unknown[]],
  known: readonly (keyof O & string)[],
): Partial<O> {
  const [first]: readonly unknown[] = given;
  if (typeof first === "string") {
    const name = dtypes.some((dtype) => dtype === first) ? "dtype" : "device";
    throw new TypeError(`${what}: got '${first}', where options are wanted. Write to({ ${name}: "${first}" }).`);
  }
  if (typeof first === "object" && first !== null && "dtype" in first && "handleFor" in first) {
    throw new TypeError(
      `${what}: got a Tensor, where options are wanted. Write to({ dtype: other.dtype, device: other.device }).`,
    );
  }
  const options = knownOptions(what, given, known);
  checkWords(what, options);
  return options;
}

/** Checks what options say of a tensor, where they say it: its dtype, device and memory format. */
export function checkWords(what: string, options: object): void {
  const { dtype, device, memoryFormat }: { dtype?: unknown; device?: unknown; memoryFormat?: unknown } = options;
  if (dtype !== undefined) checkOneOf(what, "dtype", dtype, dtypes);
  if (device !== undefined) checkDevice(what, "device", device);
  if (memoryFormat !== undefined) checkOneOf(what, "memoryFormat", memoryFormat, memoryFormats);
}
