import { native } from "../native.ts";
import type { DType } from "../types.ts";

export interface AutocastOptions {
  /** Default true. */
  readonly enabled?: boolean | undefined;
  /** Default: bfloat16 on the CPU, float16 on CUDA. */
  readonly dtype?: DType | undefined;
}

/**
 * Mixed precision: operators that gain from it run in a narrower type, in `body` or until the guard is disposed.
 *
 * ```ts
 * const loss = torch.amp.autocast("cpu", {}, () => criterion.call(model.call(x), y));
 * ```
 */
export function autocast(device: string, options?: AutocastOptions): Disposable;
export function autocast<T>(device: string, options: AutocastOptions, body: () => T): T;
export function autocast<T>(device: string, options: AutocastOptions = {}, body?: () => T): T | Disposable {
  const type = device.split(":")[0] ?? "cpu";
  const [wasEnabled, oldDtype] = native.autocast(type);
  native.setAutocast(type, options.enabled ?? true, options.dtype ?? (type === "cuda" ? "float16" : "bfloat16"), true);
  const guard = { [Symbol.dispose]: () => native.setAutocast(type, wasEnabled, oldDtype, false) };
  if (body === undefined) return guard;
  using _ = guard;
  return body();
}

/** Whether operators on `device` are cast at present. */
export function isAutocastEnabled(device = "cpu"): boolean {
  return native.autocast(device)[0];
}
