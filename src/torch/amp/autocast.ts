import { knownOptions } from "../arguments.ts";
import { checkWords } from "../conversion.ts";
import { native } from "../native.ts";
import { Regions, refusePromise } from "../regions.ts";
import type { DType } from "../types.ts";
import { checkOneOf } from "../words.ts";

export interface AutocastOptions {
  /** Default true. */
  readonly enabled?: boolean | undefined;
  /** Default: bfloat16 on the CPU, float16 on CUDA. */
  readonly dtype?: DType | undefined;
}

interface Setting {
  readonly enabled: boolean;
  readonly dtype: string;
}

const DEVICES = ["cpu", "cuda"];

const regions = new Map<string, Regions<Setting>>();

function regionsOf(device: string): Regions<Setting> {
  let own = regions.get(device);
  if (own === undefined) {
    const read = (): Setting => {
      const [enabled, dtype] = native.autocast(device);
      return { enabled, dtype };
    };
    own = new Regions("amp.autocast", read, ({ enabled, dtype }) => native.setAutocast(device, enabled, dtype));
    regions.set(device, own);
  }
  return own;
}

/**
 * Mixed precision: operators that gain from it run in a narrower type, in `body` or until the guard is disposed.
 * @example
 * ```ts
 * using layer = new torch.nn.Linear(4, 1);
 * using x = torch.ones([2, 4]);
 * using y = torch.amp.autocast("cpu", {}, () => layer.call(x));
 * console.log(y.dtype); // → bfloat16
 * ```
 */
export function autocast(device: string, options?: AutocastOptions): Disposable;
export function autocast<T>(device: string, options: AutocastOptions, body: () => T): T;
export function autocast<T>(device: string, options: AutocastOptions = {}, body?: () => T): T | Disposable {
  checkOneOf("amp.autocast", "device", typeof device === "string" ? device.replace(/:\d+$/, "") : device, DEVICES);
  checkWords("amp.autocast", { dtype: knownOptions("amp.autocast", [options], ["enabled", "dtype"]).dtype });
  const type = device.split(":")[0] ?? "cpu";
  const setting = {
    enabled: options.enabled ?? true,
    dtype: options.dtype ?? (type === "cuda" ? "float16" : "bfloat16"),
  };
  const guard = regionsOf(type).enter(setting, native.leaveAutocast);
  native.enterAutocast();
  if (body === undefined) return guard;
  using _ = guard;
  return refusePromise("amp.autocast", body());
}

/**
 * Whether operators on `device` are cast at present.
 * @example
 * ```ts
 * console.log(torch.amp.autocast("cpu", {}, () => torch.amp.isAutocastEnabled())); // → true
 * console.log(torch.amp.isAutocastEnabled()); // → false
 * ```
 */
export function isAutocastEnabled(device = "cpu"): boolean {
  return native.autocast(device)[0];
}
