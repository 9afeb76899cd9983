import { knownOptions } from "./arguments.ts";
import { whyUnavailable } from "./cuda.ts";
import { dtypes } from "./types.ts";

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
  if ("device" in options && typeof options.device === "string" && options.device.startsWith("cuda")) {
    const why = whyUnavailable();
    if (why !== "") {
      throw new TypeError(
        `${what}: device '${options.device}' cannot be used: ${why}. Write to({ device: torch.cuda.isAvailable() ? "cuda" : "cpu" }).`,
      );
    }
  }
  return options;
}
