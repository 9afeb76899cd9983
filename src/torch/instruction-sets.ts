/** The processor, as far as the last bits of results depend on it. Needs no engine, for the report of what is set up. */
import { cpus } from "node:os";
import process from "node:process";

export interface Processor {
  /** Such as `AMD EPYC 9B14 96-Core Processor`. Libraries choose the size of their blocks by its caches. */
  readonly name: string;
  /** The instruction set of libtorch's own kernels: `DEFAULT` (none beyond the least), `AVX2`, `AVX512`, `SVE256`, … */
  readonly capability: string;
  /** The instruction set that oneDNN uses at most, by its name for it, such as `AVX512_CORE_BF16`; null where it has no names. */
  readonly onednn: string | null;
  /** Other settings of the environment by which libraries round otherwise: `MKL_CBWR=AVX2`. */
  readonly settings: string;
}

/** What oneDNN calls instruction sets, from the least to the most, with what each needs besides those before it. */
const ONEDNN_SETS: readonly (readonly [name: string, ...features: string[]])[] = [
  ["SSE41", "sse4_1"],
  ["AVX", "avx"],
  ["AVX2", "avx2"],
  ["AVX2_VNNI", "avx2", "avx_vnni"],
  ["AVX2_VNNI_2", "avx_vnni", "avx_vnni_int8", "avx_ne_convert"],
  ["AVX512_CORE", "avx512_f", "avx512_bw", "avx512_vl", "avx512_dq"],
  ["AVX512_CORE_VNNI", "avx512_bw", "avx512_vnni"],
  ["AVX512_CORE_BF16", "avx512_vnni", "avx512_bf16"],
  ["AVX512_CORE_FP16", "avx512_bf16", "avx512_fp16"],
  ["AVX512_CORE_AMX", "avx512_fp16", "amx_tile", "amx_int8", "amx_bf16"],
  ["AVX512_CORE_AMX_FP16", "avx512_fp16", "amx_tile", "amx_int8", "amx_bf16", "amx_fp16"],
];

/** Variables that change results, besides those whose effect `capability` and `onednn` already tell. */
const SETTINGS = [
  "MKL_CBWR",
  "MKL_ENABLE_INSTRUCTIONS",
  "ONEDNN_CPU_ISA_HINTS",
  "DNNL_CPU_ISA_HINTS",
  "ONEDNN_DEFAULT_FPMATH_MODE",
  "DNNL_DEFAULT_FPMATH_MODE",
];

/**
 * The most of oneDNN's instruction sets that a processor has and `ONEDNN_MAX_CPU_ISA` allows; null if there is none. oneDNN
 * takes names in either case, and one that it does not know for no limit.
 */
export function onednnSet(features: readonly string[], limit: string | undefined): string | null {
  const at = ONEDNN_SETS.findIndex(([name]) => name === limit?.toUpperCase());
  const allowed = at < 0 ? ONEDNN_SETS : ONEDNN_SETS.slice(0, at + 1);
  const has = new Set(features);
  const best = allowed.findLast(([, ...needed]) => needed.every((feature) => has.has(feature)));
  return best?.[0] ?? null;
}

/**
 * Whether a processor has instructions for products of bfloat16; of one whose sets have no names here, it is taken to.
 * @example
 * ```ts
 * // quick in bfloat16 where the processor is
 * const dtype = torch.hasBfloat16(torch.processor()) ? "bfloat16" : "float32";
 * console.log(torch.itemSize(dtype) <= 4); // → true
 * ```
 */
export function hasBfloat16({ onednn }: Pick<Processor, "onednn">): boolean {
  const at = (name: string | null): number => ONEDNN_SETS.findIndex(([known]) => known === name);
  return onednn === null || at(onednn) >= at("AVX512_CORE_BF16");
}

/** A processor, from what libtorch says of it and what the environment allows. */
export function processorOf(
  { capability, features }: { readonly capability: string; readonly features: readonly string[] },
  env: Readonly<Record<string, string | undefined>> = process.env,
): Processor {
  const settings = SETTINGS.flatMap((name) => (env[name] ? [`${name}=${env[name]}`] : []));
  return {
    name: cpus()[0]?.model.trim() || "unknown",
    capability,
    onednn: onednnSet(features, env.ONEDNN_MAX_CPU_ISA || env.DNNL_MAX_CPU_ISA),
    settings: settings.join(" "),
  };
}

/**
 * `AMD EPYC, kernels for AVX512, oneDNN AVX512_CORE_BF16`.
 * @example
 * ```ts
 * const text = torch.describeProcessor({ name: "Some CPU", capability: "AVX2", onednn: "AVX2", settings: "" });
 * console.log(text); // → Some CPU, kernels for AVX2, oneDNN AVX2
 * ```
 */
export function describeProcessor({ name, capability, onednn, settings }: Processor): string {
  const parts = [name, `kernels for ${capability}`];
  if (onednn !== null) parts.push(`oneDNN ${onednn}`);
  if (settings !== "") parts.push(settings);
  return parts.join(", ");
}
