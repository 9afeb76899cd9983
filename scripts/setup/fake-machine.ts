// For the tests: a temporary folder with a PATH of fake programs, and folders that look like libtorch.
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const LIBRARY = process.platform === "darwin" ? "dylib" : "so";

/** Makes `folder` look like one that holds an installed torch. */
export function makeTorch(folder: string, version = "2.15.0+cu132", runtime = true): string {
  mkdirSync(join(folder, "torch", "lib"), { recursive: true });
  mkdirSync(join(folder, "torch", "include", "ATen"), { recursive: true });
  writeFileSync(join(folder, "torch", "lib", `libtorch_cpu.${LIBRARY}`), "");
  writeFileSync(join(folder, "torch", "include", "ATen", "ATen.h"), "");
  writeFileSync(join(folder, "torch", "version.py"), `__version__ = '${version}'\n`);
  if (runtime) {
    mkdirSync(join(folder, "nvidia", "cu13", "lib"), { recursive: true });
    writeFileSync(join(folder, "nvidia", "cu13", "lib", "libcudart.so.13"), "");
  }
  return folder;
}

/** What the fake pip does: fetch, or fail in one of the ways of the real one. */
export type PipMode = "works" | "absent" | "full" | "offline" | "nothing" | "hangs" | "wrong-version";

/** A fake `python3`: knows no torch unless told where one is, and its pip "fetches" a folder that looks like libtorch. */
export function fakePython(
  path: string,
  { torch = "", mode = "works" }: { torch?: string; mode?: PipMode } = {},
): void {
  const version = mode === "wrong-version" ? "2.14.1" : "2.15.0";
  const download = {
    works: "",
    absent: "",
    "wrong-version": "",
    full: "echo 'ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device' >&2; exit 1",
    offline:
      "echo 'WARNING: NewConnectionError: Name or service not known' >&2; echo 'ERROR: No matching distribution found for torch' >&2; exit 1",
    nothing: "echo 'ERROR: No matching distribution found for torch==2.15.0' >&2; exit 1",
    hangs: 'touch "$5/begun"; exec sleep 60',
  }[mode];
  const script = `#!/bin/bash
if [ "$1 $2 $3" = "-m pip --version" ]; then ${mode === "absent" ? "echo 'No module named pip' >&2; exit 1" : "exit 0"}; fi
if [ "$1 $2 $3" = "-m pip download" ]; then
  mkdir -p "$5"
  ${download}
  echo fetched >> "${path}.log"
  touch "$5/torch.whl"
  exit 0
fi
if [ "$1" = "-c" ] && [ -z "$3" ]; then echo "${torch}"; exit 0; fi
out=$3
mkdir -p "$out/torch/lib" "$out/torch/include/ATen" "$out/nvidia/cu13/lib"
echo "40 %"
touch "$out/torch/lib/libtorch_cpu.${LIBRARY}" "$out/torch/include/ATen/ATen.h" "$out/nvidia/cu13/lib/libcudart.so.13"
echo "__version__ = '${version}+cu132'" > "$out/torch/version.py"
`;
  writeProgram(path, script);
}

export function writeProgram(path: string, script: string): void {
  writeFileSync(path, script);
  chmodSync(path, 0o755);
}

/** A folder that removes itself, with `bin/` for the PATH and an environment that knows nothing else. */
export class FakeMachine implements Disposable {
  readonly folder = mkdtempSync(join(tmpdir(), "clinicadl-setup-"));
  readonly bin = join(this.folder, "bin");
  readonly env: Record<string, string>;

  constructor(programs: readonly string[] = ["mkdir", "touch", "sleep", "bash"]) {
    mkdirSync(this.bin);
    this.env = { PATH: this.bin, HOME: this.folder, XDG_CACHE_HOME: join(this.folder, "cache") };
    for (const name of programs) this.link(name);
  }

  /** Puts a real program on the fake PATH. */
  link(name: string): void {
    for (const folder of ["/bin", "/usr/bin"]) {
      try {
        symlinkSync(join(folder, name), join(this.bin, name));
        return;
      } catch {
        // there already
      }
    }
  }

  path(...parts: string[]): string {
    return join(this.folder, ...parts);
  }

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}
