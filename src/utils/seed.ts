import { randomInt } from "node:crypto";
import process from "node:process";
import * as torch from "../torch/index.ts";
import { ConfigError } from "./exceptions.ts";

/** Where the seed of the process can be read. */
export const GLOBAL_SEED = "CLINICADL_GLOBAL_SEED";
/** Set to "true" once operations are held to deterministic ways. */
export const DETERMINISTIC = "CLINICADL_DETERMINISTIC";
const CUBLAS = "CUBLAS_WORKSPACE_CONFIG";
const PYTHON_HASH_SEED = "PYTHONHASHSEED";
const MAX_SEED = 2 ** 32 - 1;

export interface SeedOptions {
  /**
   * Whether operations are held to deterministic ways, as far as libtorch has them (PyTorch's
   * `use_deterministic_algorithms`). Default false: they may be slower.
   */
  readonly deterministic?: boolean;
}

/**
 * Seeds all random streams of libtorch (weights, dropout, order of the data), and `CLINICADL_GLOBAL_SEED`, from which
 * augmentation draws and which is the default of `ComputationalConfig.seed`. `Math.random` cannot be seeded.
 *
 * @param seed 0 to 2³²−1; a random one if none is given.
 * @returns the seed.
 */
export function seedEverything(seed: number | null = null, { deterministic = false }: SeedOptions = {}): number {
  const value = seed ?? randomInt(MAX_SEED + 1);
  if (!Number.isInteger(value) || value < 0 || value > MAX_SEED) {
    throw new ConfigError(`The seed is ${value}. Expected an integer from 0 to ${MAX_SEED}.`);
  }
  if (deterministic) process.env[CUBLAS] = ":4096:8"; // read by CUDA when it is first used
  torch.manualSeed(value);
  process.env[PYTHON_HASH_SEED] = String(value);
  process.env[GLOBAL_SEED] = String(value);
  if (deterministic) {
    torch.useDeterministicAlgorithms(true);
    process.env[DETERMINISTIC] = "true";
  }
  return value;
}

/**
 * {@link seedEverything}, until the returned guard is disposed; then all is as it was before.
 *
 * ```ts
 * { using _ = seedEverythingContext(42); … }
 * ```
 */
export function seedEverythingContext(seed: number | null = null, options: SeedOptions = {}): Disposable {
  const names = [GLOBAL_SEED, DETERMINISTIC, CUBLAS, PYTHON_HASH_SEED];
  const environment = names.map((name) => [name, process.env[name]] as const);
  const states = randomStates();
  const deterministic = torch.areDeterministicAlgorithmsEnabled();
  const warnOnly = torch.isDeterministicWarnOnly();
  const restore = () => {
    for (const [device, state] of states) {
      torch.random.setState(state, device);
      state.dispose();
    }
    if (torch.areDeterministicAlgorithmsEnabled() !== deterministic) {
      torch.useDeterministicAlgorithms(deterministic, { warnOnly });
    }
    for (const [name, value] of environment) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
  };
  try {
    seedEverything(seed, options);
  } catch (error) {
    restore();
    throw error;
  }
  return { [Symbol.dispose]: restore };
}

/** The state of every device's random stream: "cpu", and each GPU. The tensors are the caller's to dispose. */
export function randomStates(): Map<string, torch.Tensor> {
  const devices = ["cpu", ...Array.from({ length: torch.cuda.deviceCount() }, (_, i) => `cuda:${i}`)];
  return new Map(devices.map((device) => [device, torch.random.getState(device).keep()]));
}
