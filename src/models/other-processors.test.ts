import { execFileSync } from "node:child_process";
import { expect, it } from "vitest";
import { expectClose, largest, rounding } from "../torch/fixtures/close.ts";
import type { Processor } from "../torch/index.ts";

interface Steps {
  readonly processor: Processor;
  readonly losses: number[];
  readonly gradient: number[];
}

/** The same 20 steps in a new process. */
function steps(env: Readonly<Record<string, string>>): Steps {
  const limits = { ATEN_CPU_CAPABILITY: "", ONEDNN_MAX_CPU_ISA: "", DNNL_MAX_CPU_ISA: "" };
  const text = execFileSync(process.execPath, [`${import.meta.dirname}/fixtures/twenty-steps.ts`], {
    encoding: "utf8",
    env: { ...process.env, ...limits, ...env },
  });
  return JSON.parse(text) as Steps;
}

/** Of the batch: the longest sums. */
const VOXELS = 4 * 16 * 18 * 16;

// what docs/training.md promises across processors, and within one
it.runIf(process.arch === "x64")("20 steps are near with other instructions, and the same bits with the same", () => {
  const here = steps({});
  expect(steps({})).toEqual(here);
  for (const env of [
    { ATEN_CPU_CAPABILITY: "default", ONEDNN_MAX_CPU_ISA: "SSE41" },
    { ATEN_CPU_CAPABILITY: "avx2", ONEDNN_MAX_CPU_ISA: "AVX2" },
  ]) {
    const there = steps(env);
    expect(there.processor.onednn).toBe(env.ONEDNN_MAX_CPU_ISA);
    expectClose(there.gradient, here.gradient, { terms: VOXELS, what: "gradient" });
    expect(rounding({ terms: VOXELS })).toBeLessThan(1e-4);
    expect(largest(there.losses.map((loss, i) => loss - (here.losses[i] as number)))).toBeLessThan(1e-4);
  }
  expect(here.losses[19]).toBeLessThan(0.1);
});
