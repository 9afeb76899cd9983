import { execFileSync } from "node:child_process";
import { Rapl } from "./rapl.ts";

/** What the energy of a part of the machine is known from. */
export interface EnergyMeter {
  readonly part: "processor" | "gpu";
  /** What was measured, or assumed, in words. */
  readonly method: string;
  /** The energy since it was asked last, or made, in joules. */
  since(): number;
}

/** Watts that are assumed for each thread that computes: those of a core of an unknown processor in Green Algorithms (Lannelongue et al., 2021). */
const WATTS_PER_THREAD = 12;

/** Watts for a time. */
class Assumed implements EnergyMeter {
  readonly part: EnergyMeter["part"];
  readonly method: string;
  readonly #watts: number;
  readonly #now: () => number;
  #last: number;

  /** @param now in milliseconds. */
  constructor(part: EnergyMeter["part"], watts: number, why: string, now: () => number) {
    this.part = part;
    this.method = `assumed: ${watts} W all the time, ${why}`;
    this.#watts = watts;
    this.#now = now;
    this.#last = now();
  }
  since(): number {
    const before = this.#last;
    this.#last = this.#now();
    return (this.#watts * (this.#last - before)) / 1000;
  }
}

export interface MeterOptions {
  /** Of the processors; null: as measured, or assumed by the number of threads. */
  readonly cpuWatts: number | null;
  /** Of each GPU; null: its power limit. */
  readonly gpuWatts: number | null;
  /** How many GPUs are at work. */
  readonly gpus: number;
  readonly threads: number;
  /** Where the counters of the processors are. */
  readonly powercap: string;
  /** In milliseconds. */
  readonly now: () => number;
  /** What `nvidia-smi` says of the GPUs, in watts. */
  readonly powerLimit: () => number;
}

/** What can be known of the energy of this machine; and what cannot, in words. */
export function metersOf(options: MeterOptions): {
  readonly meters: readonly EnergyMeter[];
  readonly missing: string[];
} {
  const { gpus, gpuWatts, now, powerLimit } = options;
  const meters = [processorMeter(options)];
  if (gpus === 0) return { meters, missing: [] };
  try {
    const why = gpuWatts === null ? "the power limit" : "as was given";
    const watts = gpuWatts ?? powerLimit();
    meters.push(new Assumed("gpu", watts * gpus, `${why} of ${gpus === 1 ? "the GPU" : `${gpus} GPUs`}`, now));
    return { meters, missing: [] };
  } catch (error) {
    return {
      meters,
      missing: [`the GPU is not counted: its power limit is not known (${reason(error)}). Give gpuWatts.`],
    };
  }
}

function processorMeter({ cpuWatts, threads, powercap, now }: MeterOptions): EnergyMeter {
  if (cpuWatts !== null) return new Assumed("processor", cpuWatts, "as was given", now);
  try {
    const rapl = new Rapl(powercap);
    return {
      part: "processor",
      method: `measured: RAPL (${rapl.names}), with all else that the machine did`,
      since: () => rapl.since(),
    };
  } catch (error) {
    const why = `${WATTS_PER_THREAD} W for each thread that computes, since RAPL cannot be read (${reason(error)})`;
    return new Assumed("processor", WATTS_PER_THREAD * threads, why, now);
  }
}

/** The power limit of the first GPU that NVIDIA's driver lists. */
export function nvidiaPowerLimit(): number {
  const query = ["--query-gpu=power.limit", "--format=csv,noheader,nounits"];
  const text = execFileSync("nvidia-smi", query, {
    encoding: "utf8",
    timeout: 10_000,
    stdio: ["ignore", "pipe", "pipe"],
  });
  const watts = Number.parseFloat(text);
  if (watts > 0) return watts;
  throw new Error(`nvidia-smi says '${text.trim()}'`);
}

function reason(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
