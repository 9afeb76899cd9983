// What the machine is, and where things go on it.
import { existsSync, readFileSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { homedir } from "node:os";
import { dirname, isAbsolute, join } from "node:path";
import { SetupError } from "./report.mjs";
import { run, which } from "./run.mjs";

/** The libtorch that setup fetches, and by which the tests' numbers are held. */
export const TORCH_VERSION = "2.15.0";
/** The oldest minor version of it that the addon compiles against: a cluster's PyTorch may be a year old. */
const OLDEST_TORCH_MINOR = 11;
/** The versions that `CLINICADL_LIBTORCH` may name, in words. */
export const TORCH_RANGE = `2.${OLDEST_TORCH_MINOR} to 2.${TORCH_VERSION.split(".")[1]}`;

/** Whether the addon can be built against this version of libtorch, such as "2.13.0". */
export function isKnownTorch(version) {
  const [major, minor] = version.split(".").map(Number);
  return major === 2 && minor >= OLDEST_TORCH_MINOR && minor <= Number(TORCH_VERSION.split(".")[1]);
}

const SUPPORTED = ["linux-x64", "linux-arm64", "darwin-arm64"];
/** What the oldest of PyTorch's Linux wheels was built for. */
const GLIBC = [2, 28];

/**
 * `linux-x64` (tested), `linux-arm64` or `darwin-arm64` (the same path, untested); anything else is an error.
 * `glibc` is the C library's version, undefined where there is none (musl).
 */
export function platformName(machine = thisMachine()) {
  const name = `${machine.platform}-${machine.arch}`;
  if (!SUPPORTED.includes(name)) {
    const hint =
      machine.platform === "win32"
        ? " On Windows, work inside WSL 2 (Ubuntu)."
        : " Use a Linux container or another machine.";
    throw new SetupError(`ClinicaDL does not run on ${name}: it supports ${SUPPORTED.join(", ")}.${hint}`);
  }
  if (machine.platform === "linux") {
    if (machine.glibc === undefined) {
      throw new SetupError(
        "ClinicaDL needs the GNU C library, and this Linux has another one (musl, as on Alpine): PyTorch has no build for it.\n" +
          "Use a Debian- or Ubuntu-based system or container image.",
      );
    }
    const [major = 0, minor = 0] = machine.glibc.split(".").map(Number);
    if (major < GLIBC[0] || (major === GLIBC[0] && minor < GLIBC[1])) {
      throw new SetupError(
        `ClinicaDL needs the GNU C library ${GLIBC.join(".")} or newer, this system has ${machine.glibc}. Use a newer system or a container.`,
      );
    }
  }
  return name;
}

/** @returns {{ platform: string, arch: string, glibc?: string | undefined }} */
export function thisMachine() {
  const { platform, arch } = process;
  if (platform !== "linux") return { platform, arch };
  return { platform, arch, glibc: JSON.parse(JSON.stringify(process.report.getReport())).header.glibcVersionRuntime };
}

/** Where downloads are kept: `$XDG_CACHE_HOME/clinicadl` or `~/.cache/clinicadl`. */
export function cacheRoot(env = process.env) {
  const base = env.XDG_CACHE_HOME;
  if (base !== undefined && base !== "") {
    if (!isAbsolute(base)) throw new SetupError(`XDG_CACHE_HOME is '${base}': it must be an absolute path.`);
    return join(base, "clinicadl");
  }
  return join(homeOf(env), ".cache", "clinicadl");
}

function homeOf(env) {
  const wayOut = "Set XDG_CACHE_HOME to the folder for downloads, as an absolute path.";
  let home = env.HOME;
  if (home === undefined || home === "") {
    try {
      home = homedir();
    } catch {
      throw new SetupError(`HOME is not set, and this user (${process.getuid?.()}) has no home directory. ${wayOut}`);
    }
  }
  if (!isAbsolute(home)) throw new SetupError(`The home directory is '${home}', which is no absolute path. ${wayOut}`);
  return home;
}

/** The first folder on the way to `path` that only its owner and group may pass; undefined where all may. */
export function closedToOthers(path) {
  const parent = dirname(path);
  const above = parent === path ? undefined : closedToOthers(parent);
  if (above !== undefined) return above;
  return (statSync(path).mode & 0o001) === 0 ? path : undefined;
}

/**
 * Whether an NVIDIA GPU is here. `CLINICADL_CUDA=1` or `0` overrides what is found, for a login node that sets up for
 * the GPU nodes that share its disk, or the reverse. The engine looks at /dev/dxg, too (`src/torch/cuda-part.ts`), the device of Windows'
 * Linux: it is there for GPUs of any maker, so that a download of gigabytes must not follow from it; nvidia-smi, which is there as well, knows.
 */
export async function hasGpu(env = process.env, devices = ["/dev/nvidiactl", "/dev/nvidia0"]) {
  if (env.CLINICADL_CUDA === "1") return true;
  if (env.CLINICADL_CUDA === "0" || process.platform === "darwin") return false;
  if (devices.some((device) => existsSync(device))) return true;
  const smi = which("nvidia-smi", env);
  if (smi === undefined) return false;
  const { code, tail } = await run(smi, ["-L"], { env });
  return code === 0 && /^GPU \d/m.test(tail);
}

/** The oldest Node that runs ClinicaDL, as a number; `engines` of package.json says it, and nothing else. */
export const OLDEST_NODE = Number(
  /\d+/.exec(JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")).engines.node)?.[0],
);

/** Whether this Node runs ClinicaDL. */
export function isNewEnough() {
  return Number(process.versions.node.split(".")[0]) >= OLDEST_NODE;
}

/** The Node that runs ClinicaDL: this one where it is new enough, else the one that npm put beside the package. */
export function nodeOfPackage(root) {
  if (isNewEnough() && existsSync(process.execPath)) return process.execPath;
  const path = bundledNode(root);
  if (path !== undefined) return path;
  throw new SetupError(
    `Node ${OLDEST_NODE} was not found: this is Node ${process.versions.node}, and the package ${nodePackage()} is not installed.\n` +
      `Install Node ${OLDEST_NODE} or newer, or run npm install without --omit=optional.`,
  );
}

/** The npm package that holds Node itself for this platform. */
function nodePackage() {
  const name = `${process.platform}-${process.arch}`;
  return name === "darwin-arm64" ? `node-bin-${name}` : `node-${name}`;
}

export function bundledNode(root) {
  const folder = packageFolder(root, nodePackage());
  const path = folder === undefined ? undefined : join(folder, "bin", "node");
  return path !== undefined && statSync(path, { throwIfNoEntry: false })?.isFile() ? path : undefined;
}

/** The folder of an installed dependency as seen from `root`, or undefined. */
export function packageFolder(root, name) {
  // asked by path, since a package need not export its package.json; `paths` follows node_modules upwards
  for (const folder of createRequire(join(root, "package.json")).resolve.paths(name) ?? []) {
    const manifest = join(folder, name, "package.json");
    if (existsSync(manifest)) return dirname(manifest);
  }
  return undefined;
}
