import { existsSync } from "node:fs";
import { z } from "zod";
import { readJson, writeJson } from "../io/json/file.ts";
import { Callback, type EventArgs, type Phase } from "../run/index.ts";
import * as torch from "../torch/index.ts";
import { type Input, type JsonObject, parseWith } from "../utils/config.ts";
import { readFields } from "../utils/fields.ts";
import { type EnergyMeter, type MeterOptions, metersOf, nvidiaPowerLimit } from "./carbon/meters.ts";
import { POWERCAP } from "./carbon/rapl.ts";

/** The world's average of 2024: International Energy Agency, Electricity 2025. */
const WORLD_GRAMS_PER_KWH = 445;
/** How often counters are read at least, where batches come that often. */
const INTERVAL_MS = 5000;
const JOULES_PER_KWH = 3.6e6;

const schema = z.strictObject({
  /** Grams of CO₂ equivalent for a kilowatt-hour where the machine is; null: the world's average of 2024, 445 (IEA). */
  gramsPerKwh: z.number().nonnegative().nullable().default(null),
  /** Watts of all processors together; null: what they measure themselves (RAPL), or where that cannot be read, 12 W for each thread. */
  cpuWatts: z.number().nonnegative().nullable().default(null),
  /** Watts of each GPU that is trained on; null: its power limit, as `nvidia-smi` says it. */
  gpuWatts: z.number().nonnegative().nullable().default(null),
});

/** What is written. */
const record = z.looseObject({
  seconds: z.number(),
  parts: z.array(
    z.strictObject({
      part: z.enum(["processor", "gpu"]),
      method: z.string(),
      seconds: z.number(),
      kilowatt_hours: z.number(),
    }),
  ),
  not_counted: z.array(z.string()),
});
type Part = z.output<typeof record>["parts"][number];

/** Of the machine; tests have others. */
type Sources = Pick<MeterOptions, "powercap" | "now" | "powerLimit">;
const MACHINE: Sources = { powercap: POWERCAP, now: () => performance.now(), powerLimit: nvidiaPowerLimit };

/**
 * Says what energy a training took, and how much CO₂ that stands for: `logs/energy.json` of the split, and its log.
 *
 * Processors with counters (RAPL, `/sys/class/powercap`) are measured, with their memory where that is counted, and with all else that the machine did.
 * Where these cannot be read (Linux lets only the superuser, unless told otherwise) and for GPUs, power is assumed to be the same all the time; the file
 * says which. Not counted are discs, network, cooling, and in a training on several machines the processors of the others.
 * A resumed training adds to what is there, also the energy of batches that it had to train on again.
 *
 * ClinicaDL 2 has no such callback.
 * @example
 * ```ts
 * import { existsSync } from "node:fs";
 *
 * // of where the machine is
 * const callbacks = [new CarbonCallback({ gramsPerKwh: 56, cpuWatts: 65 })];
 * const trainer = new Trainer({ maps: "carbon", model, callbacks, optimization: { numEpochs: 1 } });
 * await trainer.train(split);
 * console.log(existsSync("carbon/training/split-0/logs/energy.json")); // → true
 * ```
 */
export class CarbonCallback extends Callback {
  static readonly name_ = "CarbonCallback";
  static readonly schema = schema;
  readonly gramsPerKwh: number | null;
  readonly cpuWatts: number | null;
  readonly gpuWatts: number | null;
  readonly #sources: Sources;
  #meters: readonly EnergyMeter[] = [];
  #parts: readonly Part[] = [];
  #missing: readonly string[] = [];
  #before = 0;
  #path = "";
  #begun = 0;
  #read = 0;

  constructor(options: Input<typeof schema> = {}, sources = MACHINE) {
    super();
    const { gramsPerKwh, cpuWatts, gpuWatts } = parseWith(schema, options, new.target.name);
    this.gramsPerKwh = gramsPerKwh;
    this.cpuWatts = cpuWatts;
    this.gpuWatts = gpuWatts;
    this.#sources = sources;
  }

  override get phase(): Phase {
    return "observe";
  }
  override get ranks(): "main" {
    return "main";
  }

  override onTrainStart({ maps, split, computational, world, log }: EventArgs<"onTrainStart">): void {
    const gpus = computational.gpu ? world.size : 0;
    const { cpuWatts, gpuWatts } = this;
    const threads = torch.getNumThreads();
    const { meters, missing } = metersOf({ ...this.#sources, cpuWatts, gpuWatts, gpus, threads });
    for (const one of missing) log.warning(`CarbonCallback: ${one}`);
    this.#meters = meters;
    this.#missing = missing;
    this.#parts = [];
    this.#before = 0;
    this.#path = maps.training.split(split.index).energyJson;
    this.#begun = this.#sources.now();
    this.#read = this.#begun;
  }
  override onResume(args: EventArgs<"onResume">): void {
    this.onTrainStart(args);
    if (!existsSync(this.#path)) return;
    const { seconds, parts, not_counted } = parseWith(record, readJson(this.#path), this.#path);
    this.#parts = parts;
    this.#before = seconds;
    this.#missing = [...new Set([...not_counted, ...this.#missing])];
  }
  override onBatchEnd({ state }: EventArgs<"onBatchEnd">): void {
    if (state.called === "train" && this.#sources.now() - this.#read >= INTERVAL_MS) this.#count();
  }
  override onEpochEnd(): void {
    this.#write();
  }
  override onTrainEnd({ log }: EventArgs<"onTrainEnd">): void {
    this.#write();
    const { kilowattHours, grams } = this.#sums();
    log.info(
      `Energy: ${kilowattHours.toPrecision(3)} kWh, ${grams.toPrecision(3)} g of CO2 equivalent (${this.#path})`,
    );
    this.#meters = [];
  }
  override onException(): void {
    if (this.#meters.length > 0) this.#write();
    this.#meters = [];
  }

  /** Adds what was used since the last time. */
  #count(): void {
    const now = this.#sources.now();
    const seconds = (now - this.#read) / 1000;
    this.#read = now;
    const parts = [...this.#parts];
    for (const meter of this.#meters) {
      const { part, method } = meter;
      const i = parts.findIndex((one) => one.part === part && one.method === method);
      const before = parts[i] ?? { seconds: 0, kilowatt_hours: 0 };
      const kilowatt_hours = before.kilowatt_hours + meter.since() / JOULES_PER_KWH;
      parts.splice(i < 0 ? parts.length : i, 1, { part, method, seconds: before.seconds + seconds, kilowatt_hours });
    }
    this.#parts = parts;
  }

  #sums(): { readonly kilowattHours: number; readonly grams: number } {
    const kilowattHours = this.#parts.reduce((sum, part) => sum + part.kilowatt_hours, 0);
    return { kilowattHours, grams: kilowattHours * (this.gramsPerKwh ?? WORLD_GRAMS_PER_KWH) };
  }

  #write(): void {
    this.#count();
    const { kilowattHours, grams } = this.#sums();
    const content = {
      seconds: this.#before + (this.#read - this.#begun) / 1000,
      kilowatt_hours: kilowattHours,
      grams_co2e: grams,
      grams_per_kwh: this.gramsPerKwh ?? WORLD_GRAMS_PER_KWH,
      grams_per_kwh_is:
        this.gramsPerKwh === null ? "the world's average of 2024 (IEA, Electricity 2025)" : "as was given",
      parts: this.#parts.map((part) => ({ ...part })),
      not_counted: [...this.#missing],
    };
    writeJson(this.#path, content, { overwrite: true });
  }

  toDict(): JsonObject {
    return {
      name_: "CarbonCallback",
      grams_per_kwh: this.gramsPerKwh,
      cpu_watts: this.cpuWatts,
      gpu_watts: this.gpuWatts,
    };
  }
  static fromDict(dict: JsonObject): CarbonCallback {
    return CarbonCallback.fromOptions(readFields("CarbonCallback", dict, ["grams_per_kwh", "cpu_watts", "gpu_watts"]));
  }
}
