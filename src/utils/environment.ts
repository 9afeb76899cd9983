import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { cpus, release, type as systemType } from "node:os";
import process from "node:process";

/** What the engine knows of itself. */
export interface EngineFacts {
  /** The version of libtorch. */
  readonly libtorch: string;
  /** Whether a GPU can be used. */
  readonly gpu: boolean;
}

interface PackageFile {
  readonly version?: string;
  readonly dependencies?: Readonly<Record<string, string>>;
}

function ownPackage(): PackageFile {
  // two folders up both from the source and from what it is built to
  return JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")) as PackageFile;
}

/** The commit of the git repository in which the process runs; null if it is in none. */
function gitCommit(): string | null {
  try {
    const git = (...args: string[]) =>
      execFileSync("git", args, { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"], timeout: 2000 }).trim();
    const commit = git("rev-parse", "HEAD");
    return git("status", "--porcelain", "--untracked-files=no") === ""
      ? commit
      : `${commit} (with uncommitted changes)`;
  } catch {
    return null; // no git, no repository, or one too large to look through: there is nothing to record
  }
}

/** What a run was made with, for the record: versions, machine, commit. The content of `env/environment.txt`. */
export function environmentReport({ libtorch, gpu }: EngineFacts, now = new Date()): string {
  const { version = "unknown", dependencies = {} } = ownPackage();
  const facts = {
    timestamp: now.toISOString().replace(/\.\d+Z$/, "+00:00"),
    node_version: process.versions.node,
    executable: process.execPath,
    platform: `${systemType()}-${release()}-${process.platform}`,
    machine: process.arch,
    processor: cpus()[0]?.model ?? "",
    processor_threads: cpus().length,
    libtorch_version: libtorch,
    gpu: gpu ? "available" : "none",
    git_commit: gitCommit() ?? "none",
    "recreate with": `npm install clinicadl@${version}`,
  };
  const header = Object.entries(facts).map(([key, value]) => `# ${key}: ${value}`);
  const packages = Object.entries({ clinicadl: version, ...dependencies }).map(([name, v]) => `${name}==${v}`);
  return `# ClinicaDL environment snapshot\n${header.join("\n")}\n\n${packages.join("\n")}\n`;
}
