import process from "node:process";
import { z } from "zod";
import * as torch from "../torch/index.ts";
import { configClass } from "../utils/config.ts";
import { ConfigError } from "../utils/exceptions.ts";
import { DETERMINISTIC, GLOBAL_SEED } from "../utils/seed.ts";
import { warn } from "../utils/warnings.ts";
import { gpuOfProcess } from "./gpu-of-process.ts";

const schema = z.strictObject({
  gpu: z.boolean(),
  nonBlocking: z.boolean().default(true),
  amp: z.boolean(),
  channelsLast: z.boolean().default(true),
  seed: z.int().min(0).max(4294967295).nullable(),
  deterministic: z.boolean(),
  syncBatchnorm: z.boolean().default(false),
  gradientCompression: z.enum(["float16", "bfloat16"]).nullable().default(null),
  fullyShardedDataParallel: z.boolean().default(false),
  checkpointing: z.boolean().default(false),
});

/** What ClinicaDL does not have. */
const ours = { syncBatchnorm: false, gradientCompression: null, fullyShardedDataParallel: false, checkpointing: false };

/** What may be passed; what is left out is chosen. */
export type ComputationalOptions = {
  readonly [K in keyof z.input<typeof schema>]?: z.input<typeof schema>[K] | undefined;
};

/**
 * How a run is computed.
 *
 * - `gpu`: default, whether the machine has one.
 * - `amp`: mixed precision (float16 on a GPU, bfloat16 on the CPU). Default: `gpu`, since few CPUs gain from it; a
 *   training on one that has no instructions for bfloat16 is computed without, and says so.
 * - `nonBlocking` (true): batches are copied to the GPU while it computes.
 * - `channelsLast` (true): weights and images are laid out with channels last, which convolutions are faster with.
 * - `seed`: 0 to 2³²−1, or null; default, what `seedEverything` was called with, or null. With a seed, random streams
 *   are as they were when the run has ended.
 * - `deterministic`: operations are held to deterministic ways. Default: what `seedEverything` was called with, or false.
 * - `syncBatchnorm` (false): where several processes train together, batch normalisation normalises by the whole batch, not by the
 *   part of each process; it waits for the others once more for each layer, forwards and backwards.
 * - `gradientCompression` (null): there, gradients are sent as "float16" or "bfloat16": half of the bytes, rounded to 11 or 8 bits.
 * - `fullyShardedDataParallel` (false): there, each process holds its part only of the weights, their gradients and the states of
 *   optimizers; the weights of one part of the network at a time are whole. On CPUs.
 * - `checkpointing` (false): the blocks of the network are computed again in the backward pass, which holds the intermediates of one block instead of all, and
 *   takes the time of a second forward pass; the numbers stay what they are. For the networks that `checkpointBlocks` knows. On CPUs.
 * @example
 * ```ts
 * const computational = new ComputationalConfig({ gpu: false, seed: 42, deterministic: true });
 * console.log(computational.amp, computational.nonBlocking); // → false true
 * const trainer = new Trainer({ maps: "computed", model, optimization: { numEpochs: 1 } });
 * await trainer.train(split, { computational });
 * ```
 */
export class ComputationalConfig extends configClass("Computational", schema, { named: false, ours }) {
  constructor(options: ComputationalOptions = {}) {
    const gpu = options.gpu ?? torch.cuda.isAvailable();
    super({
      ...options,
      gpu,
      amp: options.amp ?? gpu,
      nonBlocking: options.nonBlocking,
      channelsLast: options.channelsLast,
      seed: options.seed === undefined ? globalSeed() : options.seed,
      deterministic: options.deterministic ?? isTrue(process.env[DETERMINISTIC]),
      syncBatchnorm: options.syncBatchnorm,
      gradientCompression: options.gradientCompression,
      fullyShardedDataParallel: options.fullyShardedDataParallel,
      checkpointing: options.checkpointing,
    });
  }

  /** "cpu" or "cuda". */
  get device(): "cpu" | "cuda" {
    return this.gpu ? "cuda" : "cpu";
  }

  /** A new scaler of losses. Only float16, which is a GPU's, needs one: bfloat16 has float32's range. */
  getScaler(): torch.amp.GradScaler {
    return new torch.amp.GradScaler("cuda", { enabled: this.amp && this.gpu });
  }

  /**
   * Looks whether the device is there, and makes it the one that this process computes on: of several GPUs, that of its number on this machine.
   * @throws ConfigError when a GPU is asked for and there is none, or none for this process.
   */
  takeDevice(remedy = "Use new ComputationalConfig({ gpu: false }), or leave gpu out."): void {
    if (!this.gpu) return;
    if (!torch.cuda.isAvailable()) {
      throw new ConfigError(`ComputationalConfig: 'gpu' is true, but ${torch.cuda.whyUnavailable()}. ${remedy}`);
    }
    const here = torch.distributed.rendezvousFromEnvironment(process.env);
    if (here !== null) torch.cuda.setDevice(gpuOfProcess(here.localRank, torch.cuda.deviceCount()));
  }

  /**
   * What a training is begun with: a CPU without instructions for bfloat16 takes several times as long with mixed precision as without, which is then left
   * out, with a warning.
   */
  forTraining(processor: Pick<torch.Processor, "onednn"> = torch.processor()): ComputationalConfig {
    if (!this.amp || this.gpu || torch.hasBfloat16(processor)) return this;
    warn(
      "ComputationalConfig: 'amp' is true, but this processor has no instructions for bfloat16, and would take several times as long with it: " +
        "the training is computed in float32, and recorded so.",
    );
    return this.with({ amp: false });
  }

  /** As ClinicaDL prints it in its logs. */
  override toString(): string {
    const show = (v: unknown) => (v === null ? "None" : typeof v === "boolean" ? (v ? "True" : "False") : String(v));
    return Object.entries(this.toDict())
      .map(([key, value]) => `${key}=${show(value)}`)
      .join(" ");
  }
}

function isTrue(value: string | undefined): boolean {
  return value !== undefined && value !== "";
}

function globalSeed(): number | null {
  const value = process.env[GLOBAL_SEED];
  return value === undefined || value === "" ? null : Number(value);
}
