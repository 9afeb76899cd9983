import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { availableParallelism, cpus, totalmem } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Command } from "commander";
import { autoWorkers } from "../data/dataloader/auto-workers.ts";
import { hasGpu } from "../torch/cuda-part.ts";
import { type Engine, libtorchProblem, readEngine, whyNotLoaded } from "../torch/engine.ts";
import { processorOf } from "../torch/instruction-sets.ts";
import { answer } from "../utils/output.ts";

/** One line of the report; `missing` is what is needed and not there, with the way out. */
export interface Finding {
  readonly label: string;
  readonly text: string;
  readonly missing?: string;
}

/** The parts of the addon that the report asks. */
interface Addon {
  version(): string;
  config(): string;
  processor(): { readonly capability: string; readonly features: readonly string[] };
  getNumThreads(): number;
  getNumInteropThreads(): number;
  loadCuda(path: string): string;
  cudaAvailable(): boolean;
  cudaDeviceCount(): number;
  inflater(): string;
  chunkPackers(): string[];
}

interface Libtorch {
  version?: string;
  build?: string;
  cuda?: boolean;
  problem?: string;
}

/** The functions that setup and this report share: plain JavaScript in `scripts/setup/`. */
interface SetupModules {
  cacheRoot(): string;
  inspect(folder: string): Libtorch;
  isNewEnough(): boolean;
  oldestNode: number;
  isKnownTorch(version: string): boolean;
  torchRange: string;
}

const SET_UP = "run npx clinicadl setup";

/** `clinicadl doctor`: what was found, and exit code 1 when something needed is missing. */
export function registerDoctor(program: Command): void {
  program
    .command("doctor")
    .description("print versions, libtorch's place and build, devices, threads, instruction sets and the cache")
    .option("--json", "print it as JSON", false)
    .action(async ({ json }: { readonly json: boolean }) => {
      const findings = await examine(fileURLToPath(new URL("../..", import.meta.url)).replace(/\/$/, ""));
      answer(json ? JSON.stringify(findings) : render(findings));
      if (findings.some((finding) => finding.missing !== undefined)) process.exitCode = 1;
    });
}

export function render(findings: readonly Finding[]): string {
  const width = Math.max(...findings.map((finding) => finding.label.length)) + 2;
  const lines = findings.map(({ label, text, missing }) => {
    const mark = missing === undefined ? "" : `  ← ${missing}`;
    return `${label.padEnd(width)}${text}${mark}`;
  });
  return lines.join("\n");
}

/** Looks at the installation in `root` without changing it. */
export async function examine(root: string): Promise<Finding[]> {
  const setup = await loadSetupModules(root);
  const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { version: string };
  const findings: Finding[] = [
    { label: "clinicadl", text: `${manifest.version} in ${root}` },
    nodeFinding(setup),
    { label: "platform", text: platformText() },
    tool("python", "python3", ["--version"]),
    tool("cmake", "cmake", ["--version"]),
    tool("compiler", process.env.CXX ?? "c++", ["--version"]),
  ];
  findings.push(...engineFindings(root, setup), { label: "processor", text: processorText() });
  const sets = instructionSets();
  if (sets !== "") findings.push({ label: "offered", text: sets });
  findings.push(cacheFinding(setup.cacheRoot));
  return findings;
}

async function loadSetupModules(root: string): Promise<SetupModules> {
  const url = (name: string): string => new URL(`scripts/setup/${name}`, `file://${root}/`).href;
  const platform = (await import(url("platform.mjs"))) as {
    cacheRoot(): string;
    isNewEnough(): boolean;
    readonly OLDEST_NODE: number;
    isKnownTorch(version: string): boolean;
    readonly TORCH_RANGE: string;
  };
  const libtorch = (await import(url("libtorch.mjs"))) as { inspect(folder: string): Libtorch };
  return {
    cacheRoot: platform.cacheRoot,
    inspect: libtorch.inspect,
    isNewEnough: platform.isNewEnough,
    oldestNode: platform.OLDEST_NODE,
    isKnownTorch: platform.isKnownTorch,
    torchRange: platform.TORCH_RANGE,
  };
}

function nodeFinding({ isNewEnough, oldestNode }: SetupModules): Finding {
  const text = `${process.versions.node} (${process.execPath})`;
  return isNewEnough()
    ? { label: "node", text }
    : { label: "node", text, missing: `Node ${oldestNode} or newer is needed` };
}

function platformText(): string {
  const name = `${process.platform}-${process.arch}`;
  return name === "linux-x64" ? name : `${name} (untested)`;
}

// needed only while the addon is built: reported, never counted as missing
function tool(label: string, command: string, args: string[]): Finding {
  try {
    const text = execFileSync(command, args, { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
    return { label, text: text.split("\n")[0]?.trim() ?? "" };
  } catch {
    return { label, text: `${command} not found (only setup needs it)` };
  }
}

function engineFindings(root: string, setup: SetupModules): Finding[] {
  if (!existsSync(join(root, "build", "engine.json"))) {
    return [{ label: "libtorch", text: "not set up", missing: SET_UP }];
  }
  let engine: Engine;
  try {
    engine = readEngine(root);
  } catch (error) {
    return [{ label: "engine", text: messageOf(error), missing: SET_UP }];
  }
  const closed = libtorchProblem(engine.libtorch);
  if (closed !== null) return [{ label: "libtorch", text: closed, missing: SET_UP }];
  const torch = join(engine.libtorch, "torch");
  const found = setup.inspect(engine.libtorch);
  if (found.problem !== undefined) return [{ label: "libtorch", text: found.problem, missing: SET_UP }];
  const version = `${found.version}${found.build ? `+${found.build}` : ""}`;
  const findings: Finding[] = [
    setup.isKnownTorch(found.version ?? "")
      ? { label: "libtorch", text: `${version} in ${torch}` }
      : {
          label: "libtorch",
          text: `${version} in ${torch}`,
          missing: `one of ${setup.torchRange} is needed: ${SET_UP}`,
        },
    { label: "found by", text: engine.source },
  ];
  let addon: Addon;
  try {
    addon = createRequire(import.meta.url)(engine.addon) as Addon;
    findings.push({ label: "addon", text: engine.addon });
  } catch (error) {
    findings.push({ label: "addon", text: whyNotLoaded(engine, messageOf(error), root), missing: SET_UP });
    return findings;
  }
  findings.push(
    { label: "build", text: buildText(addon.config()) },
    { label: "instruction sets", text: kernelsText(addon.processor()) },
    { label: "devices", text: devicesText(addon, torch, found.cuda === true) },
    { label: "unpacking", text: unpackingText(addon.inflater()) },
    { label: "disk cache", text: cacheText(addon.chunkPackers()) },
    {
      label: "threads",
      text: `${addon.getNumThreads()} within an operator, ${addon.getNumInteropThreads()} between operators; up to ${autoWorkers()} more, of one thread each, where loading would keep a training waiting`,
    },
  );
  return findings;
}

/** What `.nii.gz` is unpacked with. */
export function unpackingText(inflater: string): string {
  if (inflater === "libdeflate") return "libdeflate";
  return "Node's zlib (libdeflate is faster, and used where the system has it: on Debian and Ubuntu the package libdeflate0)";
}

/** What images in `cache: "disk"` are packed with. @param packers what there is, the fastest first. */
export function cacheText([packer]: readonly string[]): string {
  if (packer === "lz4") return "LZ4";
  const faster = "LZ4 is faster, and used where the system has it: on Debian and Ubuntu the package liblz4-1";
  return packer === undefined ? `none: no images are kept on disk (${faster})` : `zstd (${faster})`;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? (error.message.split("\n")[0] ?? "") : String(error);
}

/** Of libtorch's long description the libraries it computes with: oneDNN, MKL, OpenMP, the compiler. */
export function buildText(config: string): string {
  const wanted = /oneAPI|Math Kernel Library|MKL-DNN|oneDNN|OpenMP \d|GCC|Clang|LAPACK/;
  const lines = config
    .split("\n")
    .map((line) => line.replace(/^\s*-\s*/, "").trim())
    .filter((line) => wanted.test(line) && line.length < 140 && !line.startsWith("Build settings"));
  return [...new Set(lines)].join("; ");
}

/** What bounds the instruction sets in use from without. */
const LIMITS = ["ATEN_CPU_CAPABILITY", "ONEDNN_MAX_CPU_ISA", "DNNL_MAX_CPU_ISA"];

/** The instruction sets that libtorch and oneDNN use, and what limits them: results have the same bits only where these are the same. */
export function kernelsText(
  found: { readonly capability: string; readonly features: readonly string[] },
  env: NodeJS.ProcessEnv = process.env,
): string {
  const { capability, onednn, settings } = processorOf(found, env);
  const limits = LIMITS.flatMap((name) => (env[name] ? [`${name}=${env[name]}`] : []));
  const by = [...limits, ...(settings === "" ? [] : [settings])].join(" ");
  return `libtorch ${capability}${onednn === null ? "" : `, oneDNN ${onednn}`}${by === "" ? "" : ` (set by ${by})`}`;
}

function devicesText(addon: Addon, torch: string, hasCuda: boolean): string {
  const cuda = join(torch, "lib", "libtorch_cuda.so");
  if (!hasCuda) return "cpu (this libtorch has no CUDA)";
  if (!hasGpu()) return "cpu (no NVIDIA GPU found)";
  const problem = addon.loadCuda(cuda);
  if (problem !== "") return `cpu (a GPU is there, but CUDA cannot be loaded: ${problem})`;
  if (!addon.cudaAvailable()) return "cpu (a GPU is there, but its driver does not answer)";
  return ["cpu", ...Array.from({ length: addon.cudaDeviceCount() }, (_, i) => `cuda:${i}`)].join(", ");
}

function processorText(): string {
  const model = cpus()[0]?.model.trim() ?? "unknown";
  return `${model}, ${availableParallelism()} cores for this process, ${(totalmem() / 1e9).toFixed(1)} GB of memory`;
}

/** What the processor offers of those that libtorch and oneDNN choose their kernels by, as the operating system names them. */
function instructionSets(): string {
  if (!existsSync("/proc/cpuinfo")) return "";
  const line = /^(?:flags|Features)\s*:(.*)$/m.exec(readFileSync("/proc/cpuinfo", "utf8"))?.[1] ?? "";
  const wanted =
    /^(avx|avx2|fma|f16c|avx512(f|bw|dq|vl|_vnni|_bf16|_fp16)|amx_(tile|bf16|int8|fp16)|asimd|sve2?|bf16|i8mm)$/;
  return line
    .trim()
    .split(/\s+/)
    .filter((flag) => wanted.test(flag))
    .join(" ");
}

function cacheFinding(cacheRoot: () => string): Finding {
  try {
    return describeCache(cacheRoot());
  } catch (error) {
    // no home directory, or a folder that is closed to this user: only setup needs it
    return { label: "cache", text: messageOf(error) };
  }
}

function describeCache(folder: string): Finding {
  if (!existsSync(folder)) return { label: "cache", text: `${folder} (empty)` };
  const entries = readdirSync(folder).filter((name) => !name.startsWith("."));
  const text = entries.map((name) => `${name} ${(sizeOf(join(folder, name)) / 1e9).toFixed(2)} GB`).join(", ");
  return { label: "cache", text: text === "" ? `${folder} (empty)` : `${folder}: ${text}` };
}

function sizeOf(path: string): number {
  const stat = statSync(path);
  if (!stat.isDirectory()) return stat.size;
  let total = 0;
  for (const entry of readdirSync(path, { recursive: true, withFileTypes: true })) {
    if (entry.isFile()) total += statSync(join(entry.parentPath, entry.name)).size;
  }
  return total;
}
