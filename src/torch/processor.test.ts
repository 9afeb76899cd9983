import { execFileSync } from "node:child_process";
import { expect, it } from "vitest";
import * as torch from "./index.ts";
import { onednnSet } from "./instruction-sets.ts";

/** What oneDNN says of itself, by the names that limit it. */
const SAID: Readonly<Record<string, string>> = {
  "Intel SSE4.1": "SSE41",
  "Intel AVX": "AVX",
  "Intel AVX2": "AVX2",
  "Intel AVX2 with Intel DL Boost": "AVX2_VNNI",
  "Intel AVX-512 with AVX512BW, AVX512VL, and AVX512DQ extensions": "AVX512_CORE",
  "Intel AVX-512 with Intel DL Boost": "AVX512_CORE_VNNI",
  "Intel AVX-512 with Intel DL Boost and bfloat16 support": "AVX512_CORE_BF16",
};

/** In a new process: the processor as we see it, and what oneDNN says when it is first used. */
function elsewhere(env: Readonly<Record<string, string>>): { processor: torch.Processor; said: string } {
  const engine = new URL("index.ts", import.meta.url).href;
  const code = `const torch = await import(${JSON.stringify(engine)});
    torch.conv3d(torch.ones([2, 4, 8, 8, 8]), torch.ones([4, 4, 3, 3, 3])).dispose();
    console.log("\\nprocessor " + JSON.stringify(torch.processor()));`;
  const limits = { ONEDNN_MAX_CPU_ISA: "", DNNL_MAX_CPU_ISA: "", ATEN_CPU_CAPABILITY: "" };
  const text = execFileSync(process.execPath, ["--input-type=module", "-e", code], {
    encoding: "utf8",
    env: { ...process.env, ...limits, ONEDNN_VERBOSE: "1", ...env },
  });
  const processor = JSON.parse(/^processor (.*)$/m.exec(text)?.[1] ?? "null") as torch.Processor;
  return { processor, said: /,cpu,isa:(.*)$/m.exec(text)?.[1]?.trim() ?? "" };
}

it
  .runIf(process.arch === "x64")
  .each([
    {},
    { ONEDNN_MAX_CPU_ISA: "avx2" },
    { ONEDNN_MAX_CPU_ISA: "AVX512_CORE" },
    { DNNL_MAX_CPU_ISA: "SSE41" },
    { ONEDNN_MAX_CPU_ISA: "NONSENSE" },
  ])("names the instruction set that oneDNN uses: %o", (env) => {
  const { processor, said } = elsewhere(env);
  // oneDNN's sentences for the newest sets are not known here
  if (said in SAID) expect(processor.onednn).toBe(SAID[said]);
  else expect(processor.onednn).toMatch(/^AVX/);
});

it.runIf(process.arch === "x64")(
  "names the instruction set of libtorch's kernels, and settings that round otherwise",
  () => {
    const env = { ATEN_CPU_CAPABILITY: "default", MKL_CBWR: "COMPATIBLE" };
    expect(elsewhere(env).processor).toMatchObject({ capability: "DEFAULT", settings: "MKL_CBWR=COMPATIBLE" });
  },
);

it("takes the most that is there and allowed", () => {
  const old = ["sse4_1", "avx", "avx2", "fma3"];
  const server = [...old, "avx512_f", "avx512_bw", "avx512_vl", "avx512_dq", "avx512_vnni", "avx512_bf16"];
  const newest = [...server, "avx_vnni", "avx512_fp16", "amx_tile", "amx_int8", "amx_bf16"];
  expect([old, server, newest, ["neon"]].map((features) => onednnSet(features, undefined))).toEqual([
    "AVX2",
    "AVX512_CORE_BF16",
    "AVX512_CORE_AMX",
    null,
  ]);
  expect(onednnSet(newest, "AVX512_CORE")).toBe("AVX512_CORE");
  expect(onednnSet(old, "avx512_core")).toBe("AVX2");
  expect(onednnSet(server, "ALL")).toBe("AVX512_CORE_BF16");
});

it("is one line of text", () => {
  const processor = { name: "AMD EPYC", capability: "AVX512", onednn: "AVX2", settings: "" };
  expect(torch.describeProcessor(processor)).toBe("AMD EPYC, kernels for AVX512, oneDNN AVX2");
  expect(torch.describeProcessor({ ...processor, onednn: null, settings: "MKL_CBWR=AVX2" })).toBe(
    "AMD EPYC, kernels for AVX512, MKL_CBWR=AVX2",
  );
});
