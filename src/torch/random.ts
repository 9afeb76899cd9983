/** The default random stream of each device. */
import { native } from "./native.ts";
import { Tensor } from "./tensor.ts";

/**
 * Seeds every device's default stream, as `torch.manual_seed`.
 * @example
 * ```ts
 * torch.manualSeed(42);
 * using first = torch.rand([3]);
 * torch.manualSeed(42);
 * using second = torch.rand([3]);
 * console.log(first.equal(second)); // → true
 * ```
 */
export function manualSeed(seed: number | bigint): void {
  native.manualSeed(seed);
}

/**
 * The seed that the device's default stream was given.
 * @example
 * ```ts
 * torch.manualSeed(42);
 * console.log(torch.initialSeed()); // → 42n
 * ```
 */
export function initialSeed(device = "cpu"): bigint {
  return native.seedOf(device);
}

/**
 * The whole state of the device's default stream, as a uint8 tensor.
 * @example
 * ```ts
 * using state = torch.random.getState();
 * using first = torch.rand([3]);
 * torch.random.setState(state);
 * using second = torch.rand([3]);
 * console.log(first.equal(second)); // → true
 * ```
 */
export function getState(device = "cpu"): Tensor {
  return new Tensor(native.getRngState(device));
}

/**
 * Puts back what {@link getState} gave.
 * @example
 * ```ts
 * using state = torch.random.getState();
 * torch.rand([3]).dispose();
 * torch.random.setState(state);
 * using again = torch.random.getState();
 * console.log(again.equal(state)); // → true
 * ```
 */
export function setState(state: Tensor, device = "cpu"): void {
  native.setRngState(device, state.handleFor("setState"));
}

/**
 * Restores the device's stream at the end of `body`, whatever was drawn in it.
 * @example
 * ```ts
 * torch.manualSeed(42);
 * torch.random.fork(() => torch.rand([3]).dispose());
 * using first = torch.rand([3]);
 * torch.manualSeed(42);
 * using second = torch.rand([3]);
 * console.log(first.equal(second)); // → true
 * ```
 */
export function fork<T>(body: () => T, device = "cpu"): T {
  const state = getState(device);
  try {
    return body();
  } finally {
    setState(state, device);
    state.dispose();
  }
}
