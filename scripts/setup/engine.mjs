// build/engine.json: what setup found, read by src/torch/native.ts.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { addonPath } from "./addon.mjs";
import { fetchLibtorch } from "./fetch.mjs";
import { fromCache, fromEnvironment, fromPython, hasCudaRuntime, inspect } from "./libtorch.mjs";
import { isKnownTorch, TORCH_VERSION } from "./platform.mjs";
import { writeAtomic } from "./stamp.mjs";

const enginePath = (root) => join(root, "build", "engine.json");

export function readEngine(root) {
  try {
    return JSON.parse(readFileSync(enginePath(root), "utf8"));
  } catch {
    return undefined; // missing or cut short: setup writes it anew
  }
}

/**
 * The libtorch recorded by the last setup, if it is still there and still the one to take: so nothing is searched for
 * twice. `CLINICADL_LIBTORCH` always has its say, and a GPU that has appeared asks for a libtorch with CUDA.
 */
export function recordedLibtorch(root, env, gpu) {
  const engine = readEngine(root);
  if (engine === undefined || typeof engine.libtorch !== "string" || engine.addon !== addonPath(root)) return undefined;
  if (typeof engine.source !== "string") return undefined;
  const wanted = fromEnvironment(env);
  if (wanted !== undefined && wanted.dir !== engine.libtorch) return undefined;
  const found = inspect(engine.libtorch);
  if (found.problem !== undefined || !hasCudaRuntime(found)) return undefined;
  const chosen = engine.source === "CLINICADL_LIBTORCH" && isKnownTorch(found.version);
  if (!chosen && found.version !== TORCH_VERSION) return undefined;
  if (engine.source === "the cache") {
    if (!existsSync(join(engine.libtorch, ".complete"))) return undefined;
    if (gpu && !engine.libtorch.endsWith("-cuda") && process.platform === "linux") return undefined;
  }
  return { ...found, source: engine.source };
}

/** Finds libtorch in the documented order, fetching it when it is nowhere. */
export async function findLibtorch(env, gpu) {
  return fromEnvironment(env) ?? (await fromPython(env)) ?? fromCache(env, gpu) ?? (await fetchLibtorch({ env, gpu }));
}

export function writeEngine(root, libtorch) {
  const torchVersion = libtorch.build === "" ? libtorch.version : `${libtorch.version}+${libtorch.build}`;
  const engine = {
    libtorch: libtorch.dir,
    addon: addonPath(root),
    torchVersion,
    cuda: libtorch.cuda,
    source: libtorch.source,
  };
  writeAtomic(enginePath(root), `${JSON.stringify(engine, null, 2)}\n`);
}
