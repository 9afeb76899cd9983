/** The default random stream of each device. */
import { native } from "./native.ts";
import { Tensor } from "./tensor.ts";

/** Seeds every device's default stream, as `torch.manual_seed`. */
export function manualSeed(seed: number | bigint): void {
  native.manualSeed(seed);
}

/** The seed that the device's default stream was given. */
export function initialSeed(device = "cpu"): bigint {
  return native.seedOf(device);
}

/** The whole state of the device's default stream, as a uint8 tensor. */
export function getState(device = "cpu"): Tensor {
  return new Tensor(native.getRngState(device));
}

/** Puts back what {@link getState} gave. */
export function setState(state: Tensor, device = "cpu"): void {
  native.setRngState(device, state.handleFor("setState"));
}

/** Restores the device's stream at the end of `body`, whatever was drawn in it. */
export function fork<T>(body: () => T, device = "cpu"): T {
  const state = getState(device);
  try {
    return body();
  } finally {
    setState(state, device);
    state.dispose();
  }
}
