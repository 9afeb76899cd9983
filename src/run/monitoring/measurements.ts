import process from "node:process";
import type { Row } from "../../io/tsv/index.ts";
import { average, type DeviceMeter, meanAndDeviation } from "./phase-timer.ts";

/** The phases in the order of the table; those that the GPU works in have two more columns. */
export const MEASURED_PHASES = [
  { key: "training", name: "Training", gpu: false, once: true },
  { key: "epoch", name: "Epoch", gpu: false, once: true },
  { key: "trainingLoop", name: "Training loop", gpu: false, once: false },
  { key: "trainingLoading", name: "Training data loading", gpu: false, once: false },
  { key: "forward", name: "Forward", gpu: true, once: false },
  { key: "backward", name: "Backward", gpu: true, once: false },
  { key: "optimization", name: "Optimization", gpu: true, once: false },
  { key: "validation", name: "Validation", gpu: false, once: true },
  { key: "validationLoop", name: "Validation loop", gpu: false, once: false },
  { key: "validationLoading", name: "Validation data loading", gpu: false, once: false },
  { key: "evaluation", name: "Evaluation", gpu: true, once: false },
  { key: "metrics", name: "Metrics computation", gpu: true, once: false },
] as const;

export type MeasuredPhase = (typeof MEASURED_PHASES)[number]["key"];

/** What was measured in a training. */
export interface Measured {
  /** In seconds. */
  times(phase: MeasuredPhase): readonly number[];
  /** In seconds. */
  gpuTimes(phase: MeasuredPhase): readonly number[];
  /** In bytes: the most in each. */
  gpuMemory(phase: MeasuredPhase): readonly number[];
  readonly batchSizes: { readonly train: number; readonly validation: number };
  /** So many batches make one optimization. */
  readonly accumulationSteps: number;
  readonly cpu: DeviceMeter | null;
  readonly gpu: DeviceMeter | null;
  /** Those that the training ran on, one after the other. */
  readonly gpuNames: readonly string[];
}

const MB = 1024 ** 2;
const inMb = (bytes: readonly number[]) => bytes.map((each) => each / MB);

/** Up to three columns per phase, each as long as it was measured. */
export function measurementTable(measured: Measured): { columns: string[]; rows: Row[] } {
  const series = MEASURED_PHASES.flatMap(({ key, name, gpu }): (readonly [string, readonly number[]])[] => {
    const time = [`${name} (s)`, measured.times(key)] as const;
    if (!gpu) return [time];
    const onGpu = [`${name} GPU (s)`, measured.gpuTimes(key)] as const;
    return [time, onGpu, [`${name} GPU max memory (MB)`, inMb(measured.gpuMemory(key))]];
  });
  const longest = Math.max(...series.map(([, values]) => values.length));
  const rows = Array.from(
    { length: longest },
    (_, i): Row => Object.fromEntries(series.map(([column, values]) => [column, values[i] ?? null])),
  );
  return { columns: series.map(([column]) => column), rows };
}

/** The table of the summary, as text. */
export function measurementSummary(measured: Measured): string {
  const rule = "-".repeat(106);
  const row = (indent: number, title: string, phase: MeasuredPhase) => {
    const cells = [measured.times(phase), measured.gpuTimes(phase), inMb(measured.gpuMemory(phase))].map(
      meanAndDeviation,
    );
    return [`${" ".repeat(indent)}${title}`.padEnd(22), ...cells.map((cell) => cell.padEnd(25))].join(" | ");
  };
  const { train, validation } = measured.batchSizes;
  const mean = (phase: MeasuredPhase) => average(measured.gpuTimes(phase));
  const onGpu = (...lines: string[]) => (measured.gpuNames.length === 0 ? [] : lines);
  // one optimization for several batches
  const gpuTime = mean("forward") + mean("backward") + mean("optimization") / measured.accumulationSteps;
  return [
    "\n*************************** Computational Summary (mean ± std [n measurements]) **************************\n",
    ...onGpu(`GPU: ${measured.gpuNames.map((name) => `'${name}'`).join(" then ")}\n`),
    `${centred("MeasuredPhase", 22)} | ${centred("Time (s)", 25)} | ${centred("GPU Time (s)", 25)} | ${centred("GPU Max Memory (MB)", 25)}`,
    rule,
    row(0, "Training", "training"),
    row(1, "Epoch", "epoch"),
    row(2, "Iteration", "trainingLoop"),
    row(3, "Data loading", "trainingLoading"),
    row(3, "Forward", "forward"),
    row(3, "Backward", "backward"),
    row(3, "Optimization", "optimization"),
    `\nThroughput: ${perSecond(train, average(measured.times("trainingLoop")))}`,
    ...onGpu(`GPU throughput: ${perSecond(train, gpuTime)}`),
    rule,
    row(0, "Validation", "validation"),
    row(1, "Iteration", "validationLoop"),
    row(2, "Data loading", "validationLoading"),
    row(2, "Evaluation", "evaluation"),
    row(2, "Metrics computation", "metrics"),
    `\nThroughput: ${perSecond(validation, average(measured.times("validationLoop")))}`,
    ...onGpu(`GPU throughput: ${perSecond(validation, mean("evaluation"))}`),
    rule,
    peakMemory(measured),
    `${"*".repeat(106)}\n`,
  ].join("\n");
}

function peakMemory({ cpu, gpu }: Measured): string {
  const parts = [`${(process.resourceUsage().maxRSS / 1024).toFixed(2)} MB in the process`];
  if (cpu !== null) parts.push(`${(cpu.highest / MB).toFixed(2)} MB in tensors`);
  if (gpu !== null) parts.push(`${(gpu.highest / MB).toFixed(2)} MB on the GPU`);
  return `Peak memory: ${parts.join(", ")}`;
}

/** `NaN` seconds where nothing was measured. */
function perSecond(images: number, seconds: number): string {
  return `${Number.isNaN(seconds) ? "nan" : (images / seconds).toFixed(2)} images/s`;
}

function centred(text: string, width: number): string {
  const left = Math.floor((width - text.length) / 2);
  return text.padStart(text.length + left).padEnd(width);
}
