import * as torch from "../../torch/index.ts";
import { asRecord } from "../checkpoint/as-record.ts";

/** A mark in the work of a device: a `torch.Event` that was recorded. */
export interface TimeMark extends Disposable {
  query(): boolean;
  synchronize(): void;
  /** Milliseconds. */
  elapsedTime(end: TimeMark): number;
}

/** What is asked of a device while it works. None of it waits for the device. */
export class DeviceMeter {
  readonly device: string;
  #highest = 0;

  /** @param device "cpu", "cuda", "cuda:1". */
  constructor(device: string) {
    this.device = device;
    torch.memory.resetPeakMemoryStats(device);
  }
  /** What the GPU is called. */
  get name(): string {
    return torch.cuda.getDeviceName(this.device);
  }
  now(): TimeMark {
    const event = new torch.Event(this.device);
    event.record();
    return event;
  }
  /** The most bytes that tensors held at once since the last call. */
  takePeak(): number {
    const bytes = torch.memory.maxMemoryAllocated(this.device);
    torch.memory.resetPeakMemoryStats(this.device);
    this.#highest = Math.max(this.#highest, bytes);
    return bytes;
  }
  /** The most bytes since the beginning. */
  get highest(): number {
    return Math.max(this.#highest, torch.memory.maxMemoryAllocated(this.device));
  }
}

/**
 * Measures how long a phase takes, up to a number of times: on the host's clock, and, with a GPU, also how long the
 * GPU works on it and how much of its memory it takes. The GPU is not waited for: marks are put into its work, and
 * their times are read when it has come to them, at some later `stop`, or at `finish`.
 */
export class PhaseTimer implements Disposable {
  readonly name: string;
  readonly #limit: number;
  readonly #gpu: DeviceMeter | null;
  /** Seconds. */
  times: number[] = [];
  /** Seconds. */
  gpuTimes: number[] = [];
  /** Bytes. */
  gpuMaxMemory: number[] = [];
  #started: number | null = null;
  #begin: TimeMark | null = null;
  /** Measured, and not yet known: in the order in which the GPU comes to them. */
  #pending: (readonly [begin: TimeMark, end: TimeMark])[] = [];

  /**
   * @param options.limit the number of measurements; 0, the default: all.
   * @param options.gpu where the phase runs on a GPU.
   */
  constructor(name: string, { limit = 0, gpu = null }: { limit?: number; gpu?: DeviceMeter | null } = {}) {
    this.name = name;
    this.#limit = limit;
    this.#gpu = gpu;
  }

  start(): void {
    if (this.#limit !== 0 && this.times.length >= this.#limit) return;
    if (this.#gpu !== null) {
      this.#gpu.takePeak();
      this.#begin?.[Symbol.dispose]();
      this.#begin = this.#gpu.now();
    }
    this.#started = performance.now();
  }

  /** Begins anew what was started: nothing of it has happened yet. */
  restart(): void {
    if (this.#started !== null) this.start();
  }

  stop(): void {
    if (this.#started === null) return;
    this.times.push((performance.now() - this.#started) / 1000);
    this.#started = null;
    if (this.#gpu === null || this.#begin === null) return;
    this.#pending.push([this.#begin, this.#gpu.now()]);
    this.#begin = null;
    this.gpuMaxMemory.push(this.#gpu.takePeak());
    this.#read((end) => end.query());
  }

  /** Waits for the GPU's times that are not known yet. */
  finish(): void {
    this.#read((end) => {
      end.synchronize();
      return true;
    });
  }

  /** Reads the times up to the first that `isKnown` denies. */
  #read(isKnown: (end: TimeMark) => boolean): void {
    for (let first = this.#pending[0]; first !== undefined && isKnown(first[1]); first = this.#pending[0]) {
      const [begin, end] = first;
      this.gpuTimes.push(begin.elapsedTime(end) / 1000);
      this.#pending.shift();
      begin[Symbol.dispose]();
      end[Symbol.dispose]();
    }
  }

  /** Forgets what was begun and what is not known yet. */
  [Symbol.dispose](): void {
    this.#started = null;
    this.#begin?.[Symbol.dispose]();
    this.#begin = null;
    for (const marks of this.#pending) for (const mark of marks) mark[Symbol.dispose]();
    this.#pending = [];
  }

  /** As ClinicaDL writes it: seconds, a GPU's milliseconds, bytes. */
  stateDict(): Record<string, unknown> {
    this.finish();
    const state: Record<string, unknown> = {
      times: this.times.map((time) => torch.float(time)),
      gpu_times: this.gpuTimes.map((time) => torch.float(time * 1000)),
      gpu_max_mem: [...this.gpuMaxMemory],
      n_measured: this.times.length,
    };
    if (this.#started !== null) state.elapsed = torch.float((performance.now() - this.#started) / 1000);
    return state;
  }

  loadStateDict(state: unknown): void {
    const { times, gpu_times, gpu_max_mem, elapsed } = asRecord(state, `the measurements of ${this.name}`);
    this.times = numbers(times);
    this.gpuTimes = numbers(gpu_times).map((time) => time / 1000);
    this.gpuMaxMemory = numbers(gpu_max_mem);
    // a phase in which the checkpoint was written goes on, and counts what it took before
    if (elapsed !== undefined) this.#started = (this.#started ?? performance.now()) - Number(elapsed) * 1000;
  }
}

function numbers(list: unknown): number[] {
  return Array.isArray(list) ? list.map(Number) : [];
}

/** `1.93e-02 ± 2.67e-03 [6]`. */
export function meanAndDeviation(values: readonly number[]): string {
  if (values.length === 0) return "";
  const mean = average(values);
  if (values.length === 1) return `${exponential(mean)} [1]`;
  const deviation = Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1));
  return `${exponential(mean)} ± ${exponential(deviation)} [${values.length}]`;
}

export function average(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function exponential(value: number): string {
  return value.toExponential(2).replace(/e([+-])(\d)$/, "e$10$2");
}
