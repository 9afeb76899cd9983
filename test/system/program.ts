/** Programs of the system that tests drive, and which no package of npm brings. */
import { spawnSync } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";

export interface Wanted {
  /** What wants it, for the error: "The tests of the live page". */
  readonly who: string;
  /** The names of the program; the first that is there is taken. */
  readonly names: readonly [string, ...string[]];
  /** Debian's packages that have it, and what it needs beside. */
  readonly packages: readonly string[];
  /** Arguments with which it ends with 0 where all that it needs is there. Default: to be there is enough. */
  readonly check?: readonly string[];
  /** What else can be done than installing it: "or name one in CLINICADL_CHROMIUM". */
  readonly instead?: string;
}

/**
 * A program of the system, which Debian's package manager installs where there is none and this may do so (root, as in CI).
 * @returns its path.
 * @throws Error that says how to get it.
 */
export function findProgram(wanted: Wanted): string {
  const { who, names, packages, instead } = wanted;
  const found = ready(wanted);
  if (found !== null) return found;
  if (process.getuid?.() === 0 && inPath("apt-get") !== null) {
    install(packages);
    const installed = ready(wanted);
    if (installed !== null) return installed;
  }
  const how = [`install it (Debian: apt-get install ${packages.join(" ")})`, instead].filter(
    (one) => one !== undefined,
  );
  throw new Error(`${who} need ${names[0]}: ${how.join(", ")}.`);
}

function ready({ names, check }: Wanted): string | null {
  const path = names.map(inPath).find((found) => found !== null) ?? null;
  if (path === null || check === undefined) return path;
  return spawnSync(path, check, { stdio: "ignore" }).status === 0 ? path : null;
}

/** One process of all tests at a time, since apt does not wait for another that reads the lists; then for what else installs. */
function install(packages: readonly string[]): void {
  for (const args of [["update"], ["install", "--yes", "--no-install-recommends", ...packages]]) {
    spawnSync("flock", ["/var/lib/apt", "apt-get", "-o", "DPkg::Lock::Timeout=600", ...args], {
      stdio: ["ignore", 2, 2],
      env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" },
    });
  }
}

function inPath(name: string): string | null {
  for (const folder of (process.env.PATH ?? "").split(delimiter)) {
    const file = join(folder, name);
    try {
      accessSync(file, constants.X_OK);
      return file;
    } catch {
      // the next folder
    }
  }
  return null;
}
