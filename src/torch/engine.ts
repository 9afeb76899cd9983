/** Where the engine is: what setup wrote down, and what to do when it is not there, or cannot be read. */
import { accessSync, constants, existsSync, readFileSync, statSync } from "node:fs";
import { userInfo } from "node:os";
import { dirname, join, parse, sep } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { ClinicaDLException } from "../utils/exceptions.ts";

/** libtorch or the addon is missing: run `npx clinicadl setup`. */
export class EngineNotSetUpError extends ClinicaDLException {}

/** The package's own root: two levels above `src/torch` and `dist/torch` alike. */
export const packageRoot = join(dirname(fileURLToPath(import.meta.url)), "..", "..");

const SET_UP = "Run `npx clinicadl setup`.";

/** What setup found. */
export interface Engine {
  /** The folder that holds `torch/`. */
  readonly libtorch: string;
  /** This package's own addon: never that of another copy, whatever is written down. */
  readonly addon: string;
  /** How libtorch was found, in words. */
  readonly source: string;
}

const addonOf = (root: string): string => join(root, "build", "native", "clinicadl.node");

/** @throws EngineNotSetUpError where nothing is set up in `root`. */
export function readEngine(root: string = packageRoot): Engine {
  const path = join(root, "build", "engine.json");
  const addon = addonOf(root);
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (cause) {
    const closed = obstacle(path)?.closed === true;
    throw new EngineNotSetUpError(
      closed
        ? `${mayNotRead(path)}. Open it to this user, or install ClinicaDL in a folder of this user's own.`
        : `The engine of ClinicaDL in ${root} is not set up (libtorch and its addon). ${SET_UP}`,
      { cause },
    );
  }
  const { libtorch, addon: written, source } = parseRecord(text);
  if (typeof libtorch !== "string" || typeof written !== "string") {
    throw new EngineNotSetUpError(`${path} is damaged. ${SET_UP}`);
  }
  if (!existsSync(addon)) {
    const why =
      written === addon
        ? "Its addon is not there"
        : "It was set up in another place, and copied or moved without its addon";
    throw new EngineNotSetUpError(`The engine of ClinicaDL in ${root} is not set up. ${why}. ${SET_UP}`);
  }
  return { libtorch, addon, source: typeof source === "string" ? source : "hand" };
}

function parseRecord(text: string): {
  readonly libtorch?: unknown;
  readonly addon?: unknown;
  readonly source?: unknown;
} {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? value : {};
  } catch {
    return {};
  }
}

/** Why the addon of `engine` cannot be loaded, and what to do about it. */
export function whyNotLoaded({ libtorch, addon }: Engine, reason: string, root: string = packageRoot): string {
  const problem = libtorchProblem(libtorch) ?? closedFile(addon);
  if (problem !== null) return problem;
  return `The addon ${addon} cannot be loaded: ${reason}. Run \`npx clinicadl setup\` again, in ${root}.`;
}

/** What is wrong with the libtorch that was set up, with the remedy; null if it can be read. */
export function libtorchProblem(libtorch: string): string | null {
  const library = join(
    libtorch,
    "torch",
    "lib",
    process.platform === "darwin" ? "libtorch_cpu.dylib" : "libtorch_cpu.so",
  );
  const found = obstacle(library);
  if (found === null) return null;
  if (!found.closed) return `libtorch is no longer in ${libtorch}: ${found.path} is not there. ${SET_UP}`;
  return (
    `${mayNotRead(found.path)}, and libtorch was set up in ${libtorch}. Set it up again, as the user who did, in a ` +
    "folder that all may read: XDG_CACHE_HOME=<folder> npx clinicadl setup (in a Dockerfile ENV XDG_CACHE_HOME=/opt/cache, " +
    "before it); or with CLINICADL_LIBTORCH=<the torch folder of an installed PyTorch>."
  );
}

function closedFile(addon: string): string | null {
  const found = obstacle(addon);
  return found?.closed === true
    ? `${mayNotRead(found.path)}, and the addon of ClinicaDL is ${addon}. Open it to this user.`
    : null;
}

interface Obstacle {
  readonly path: string;
  /** Whether it is there and may not be read; otherwise it is not there. */
  readonly closed: boolean;
}

/** The first folder or file on the way to `path` that this user cannot pass; null if the file can be read. */
function obstacle(path: string): Obstacle | null {
  const { root } = parse(path);
  const parts = path.slice(root.length).split(sep);
  let passed = root;
  for (const part of parts) {
    const next = join(passed, part);
    try {
      statSync(next);
    } catch (error) {
      const code = error instanceof Error && "code" in error ? error.code : "";
      // it is the folder that may not be searched
      return code === "EACCES" || code === "EPERM" ? { path: passed, closed: true } : { path: next, closed: false };
    }
    passed = next;
  }
  try {
    accessSync(path, constants.R_OK);
    return null;
  } catch {
    return { path, closed: true };
  }
}

/** Containers run as users without a name. */
function mayNotRead(path: string): string {
  let name: string;
  try {
    name = userInfo().username;
  } catch {
    name = String(process.getuid?.() ?? "without a name");
  }
  return `This user (${name}) may not read ${path}`;
}
