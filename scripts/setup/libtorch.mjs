// Finds libtorch: CLINICADL_LIBTORCH, a Python environment that has it, the cache. See fetch.mjs for the rest.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { cacheRoot, isKnownTorch, platformName, TORCH_RANGE, TORCH_VERSION } from "./platform.mjs";
import { SetupError } from "./report.mjs";
import { run, which } from "./run.mjs";

const LIBRARY = process.platform === "darwin" ? "dylib" : "so";

/**
 * What is in `folder`, the one that holds `torch/`: `{ dir, version, build, cuda }`, or `{ problem }`.
 * `version` is `2.15.0`, `build` what stands behind the plus sign (`cu132`, `cpu`, empty). `cuda` says whether it can
 * compute on a GPU: PyPI's wheel holds the CUDA backend always, but the libraries under it come in their own wheels.
 */
export function inspect(folder) {
  const torch = join(folder, "torch");
  const closed = closedTo(folder) ?? closedTo(join(torch, "lib"));
  if (closed !== undefined) return { problem: closed };
  if (!existsSync(torch)) return { problem: `there is no torch/ in ${folder}` };
  const library = join(torch, "lib", `libtorch_cpu.${LIBRARY}`);
  if (!existsSync(library)) return { problem: `${library} is missing` };
  if (!existsSync(join(torch, "include", "ATen", "ATen.h"))) return { problem: `${torch} has no C++ headers` };
  const versionFile = join(torch, "version.py");
  const text = existsSync(versionFile) ? readFileSync(versionFile, "utf8") : "";
  const full = /__version__\s*(?::\s*\w+\s*)?=\s*['"]([^'"]+)['"]/.exec(text)?.[1];
  if (full === undefined) return { problem: `${versionFile} does not name a version` };
  const [version = "", build = ""] = full.split("+");
  const nvidia = join(folder, "nvidia");
  const backend = existsSync(join(torch, "lib", "libtorch_cuda.so"));
  return { dir: folder, version, build, cuda: backend && (!existsSync(nvidia) || existsSync(join(nvidia, "cudnn"))) };
}

/** A folder that is there and that this user may not look into, in words; `existsSync` takes it for one that is not there. */
function closedTo(folder) {
  try {
    readdirSync(folder);
  } catch (error) {
    if (error.code === "EACCES" || error.code === "EPERM") return `${folder} may not be read by this user`;
  }
  return undefined;
}

/** Whether the two NVIDIA libraries lie where a CUDA build of libtorch looks for them, even to run on the CPU. */
export function hasCudaRuntime(found) {
  if (process.platform === "darwin" || !found.build.startsWith("cu")) return true;
  const major = found.build.slice(2, 4);
  // wheels for CUDA 13 have one folder for all, those for CUDA 12 one for each library; where none is beside it, the system has them
  if (!existsSync(join(found.dir, "nvidia"))) return found.cuda;
  const folders = [`cu${major}`, "cuda_runtime"];
  return folders.some((folder) => existsSync(join(found.dir, "nvidia", folder, "lib", `libcudart.so.${major}`)));
}

/** `CLINICADL_LIBTORCH`: whoever sets it wants that one and no other, so everything wrong with it is an error. */
export function fromEnvironment(env = process.env) {
  const value = env.CLINICADL_LIBTORCH;
  if (value === undefined || value === "") return undefined;
  const given = resolve(value);
  const folder = basename(given) === "torch" && !existsSync(join(given, "torch")) ? dirname(given) : given;
  const found = inspect(folder);
  const wayOut = `Set it to the torch folder of a PyTorch of version ${TORCH_RANGE} (the one with lib/ and include/), or unset it and let setup find or fetch one.`;
  if (found.problem !== undefined)
    throw new SetupError(`CLINICADL_LIBTORCH is '${value}', but ${found.problem}.\n${wayOut}`);
  if (!isKnownTorch(found.version)) {
    throw new SetupError(
      `CLINICADL_LIBTORCH is '${value}', which is version ${found.version}; one of ${TORCH_RANGE} is needed.\n${wayOut}`,
    );
  }
  if (!hasCudaRuntime(found)) {
    throw new SetupError(
      `CLINICADL_LIBTORCH is '${value}', but the NVIDIA runtime it was built with is not beside it (nvidia/ in ${folder}).\n${wayOut}`,
    );
  }
  return { ...found, source: "CLINICADL_LIBTORCH" };
}

/** The Python interpreters to ask, the active environment's first. */
export function pythons(env = process.env) {
  const candidates = [
    env.VIRTUAL_ENV && join(env.VIRTUAL_ENV, "bin", "python3"),
    env.CONDA_PREFIX && join(env.CONDA_PREFIX, "bin", "python3"),
    "python3",
    "python",
  ];
  return [...new Set(candidates.map((name) => name && which(name, env)).filter(Boolean))];
}

/** A Python environment whose torch is exactly the version needed; others are passed over. */
export async function fromPython(env = process.env) {
  for (const python of pythons(env)) {
    // finds the package without importing it, which would take seconds
    const script =
      "import importlib.util as u; s = u.find_spec('torch'); print(s.submodule_search_locations[0] if s else '')";
    const { code, tail } = await run(python, ["-c", script], { env });
    const torch = tail.split("\n").at(-1)?.trim() ?? "";
    if (code !== 0 || basename(torch) !== "torch") continue;
    const found = inspect(dirname(torch));
    if (found.problem === undefined && found.version === TORCH_VERSION && hasCudaRuntime(found)) {
      return { ...found, source: `the Python environment of ${python}` };
    }
  }
  return undefined;
}

/** The cache's folder for this platform; the one for GPUs holds all of CUDA and has its own. */
export function cacheFolder(env = process.env, gpu = false) {
  return join(cacheRoot(env), `libtorch-${TORCH_VERSION}-${platformName()}${gpu ? "-cuda" : ""}`);
}

/** A complete copy in the cache; on a machine with a GPU only one with CUDA counts. */
export function fromCache(env = process.env, gpu = false) {
  for (const folder of gpu ? [cacheFolder(env, true)] : [cacheFolder(env, false), cacheFolder(env, true)]) {
    if (!existsSync(join(folder, ".complete"))) continue;
    const found = inspect(folder);
    if (found.problem === undefined && found.version === TORCH_VERSION) return { ...found, source: "the cache" };
  }
  return undefined;
}
