import { execFileSync } from "node:child_process";
import { type Dirent, existsSync, readdirSync, readFileSync } from "node:fs";
import { availableParallelism, cpus, release, type as systemType, totalmem } from "node:os";
import { basename, dirname, join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";

/** What the engine knows of itself. */
export interface EngineFacts {
  /** The version of libtorch. */
  readonly libtorch: string;
  /** The names of the GPUs that can be used. */
  readonly gpus: readonly string[];
}

// two folders up both from the source and from what it is built to
const ROOT = fileURLToPath(new URL("../..", import.meta.url)).replace(/\/$/, "");

interface PackageFile {
  readonly version?: string;
  readonly dependencies?: Readonly<Record<string, string>>;
}

/** A `package.json`; null where there is none that can be read. */
function packageFile(folder: string): PackageFile | null {
  try {
    return JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as PackageFile;
  } catch {
    return null; // an odd folder among the packages must not keep anyone from training
  }
}

let version: string | undefined;

/** This package's version. */
export function packageVersion(): string {
  version ??= packageFile(ROOT)?.version ?? "unknown";
  return version;
}

/** The nearest `node_modules` folder at `start` or above; null if there is none. */
function nearestModules(start: string): string | null {
  for (let folder = start; ; folder = dirname(folder)) {
    const modules = basename(folder) === "node_modules" ? folder : join(folder, "node_modules");
    if (existsSync(modules)) return modules;
    if (folder === dirname(folder)) return null;
  }
}

/** The packages that lie in a `node_modules` folder, with their versions. */
function packagesIn(modules: string): (readonly [name: string, version: string])[] {
  const isScope = (entry: Dirent) => entry.isDirectory() && entry.name.startsWith("@");
  const names = readdirSync(modules, { withFileTypes: true }).flatMap((entry) =>
    isScope(entry) ? readdirSync(join(modules, entry.name)).map((name) => `${entry.name}/${name}`) : [entry.name],
  );
  return names.flatMap((name) => {
    const version = packageFile(join(modules, name))?.version;
    return version === undefined ? [] : [[name, version] as const];
  });
}

/** `name@version` of what is installed beside this package, and where the process runs; sorted. */
function installedPackages(directory: string): string[] {
  const own = packageFile(ROOT);
  const installed = new Map<string, string>(Object.entries(own?.dependencies ?? {}));
  for (const modules of new Set([nearestModules(ROOT), nearestModules(directory)])) {
    if (modules !== null) for (const [name, version] of packagesIn(modules)) installed.set(name, version);
  }
  installed.set("clinicadl", packageVersion());
  return [...installed].map(([name, version]) => `${name}@${version}`).sort();
}

/** The commit of the git repository of a directory, and whether files differ from it; null if it is in none. */
function gitCommit(directory: string): string | null {
  let status: string;
  try {
    status = execFileSync("git", ["status", "--porcelain=v2", "--branch", "--untracked-files=no"], {
      cwd: directory,
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
      timeout: 2000,
    });
  } catch {
    return null; // no git, no repository, or one too large to look through: there is nothing to record
  }
  const commit = /^# branch\.oid ([0-9a-f]+)$/m.exec(status)?.[1];
  if (commit === undefined) return null; // a repository without a commit
  return /^[^#]/m.test(status) ? `${commit} (with uncommitted changes)` : commit;
}

/**
 * What a run was made with, for the record: versions, machine, commit, installed packages. The content of
 * `env/environment.txt`.
 */
export function environmentReport(
  { libtorch, gpus }: EngineFacts,
  { now = new Date(), directory = process.cwd() }: { readonly now?: Date; readonly directory?: string } = {},
): string {
  const packages = installedPackages(directory);
  const facts = {
    timestamp: now.toISOString().replace(/\.\d+Z$/, "+00:00"),
    node_version: process.versions.node,
    executable: process.execPath,
    platform: `${systemType()}-${release()}-${process.platform}`,
    machine: process.arch,
    processor: cpus()[0]?.model.trim() ?? "",
    processor_threads: availableParallelism(),
    memory: `${(totalmem() / 2 ** 30).toFixed(1)} GiB`,
    libtorch_version: libtorch,
    gpu: gpus.join(", ") || "none",
    git_commit: gitCommit(directory) ?? "none",
    "recreate with": `npm install ${packages.find((name) => name.startsWith("clinicadl@"))}`,
  };
  const header = Object.entries(facts).map(([key, value]) => `# ${key}: ${value}`);
  return `# ClinicaDL environment snapshot\n${header.join("\n")}\n\n${packages.join("\n")}\n`;
}
