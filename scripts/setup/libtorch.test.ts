import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { findLibtorch, recordedLibtorch, writeEngine } from "./engine.mjs";
import { FakeMachine, fakePython, makeTorch } from "./fake-machine.ts";
import { cacheFolder, fromEnvironment, fromPython, inspect } from "./libtorch.mjs";
import { cacheRoot, closedToOthers, hasGpu, platformName } from "./platform.mjs";

function fillCache(machine: FakeMachine, gpu = false): string {
  const folder = makeTorch(cacheFolder(machine.env, gpu));
  writeFileSync(join(folder, ".complete"), "");
  return folder;
}

describe("finding libtorch", () => {
  it("takes CLINICADL_LIBTORCH, then Python's, then the cache's, and fetches last", async () => {
    using machine = new FakeMachine();
    const python = makeTorch(machine.path("env"));
    const given = makeTorch(machine.path("given"));
    fakePython(join(machine.bin, "python3"), { torch: join(python, "torch") });
    const cache = fillCache(machine);

    expect(await findLibtorch({ ...machine.env, CLINICADL_LIBTORCH: join(given, "torch") }, false)).toMatchObject({
      dir: given,
      source: "CLINICADL_LIBTORCH",
    });
    expect(await findLibtorch(machine.env, false)).toMatchObject({ dir: python });
    fakePython(join(machine.bin, "python3"));
    expect(await findLibtorch(machine.env, false)).toMatchObject({ dir: cache, source: "the cache" });
  });

  it("accepts the torch folder and the one that holds it", () => {
    using machine = new FakeMachine();
    const folder = makeTorch(machine.path("site-packages"));
    for (const value of [folder, join(folder, "torch")]) {
      expect(fromEnvironment({ CLINICADL_LIBTORCH: value })).toMatchObject({
        dir: folder,
        version: "2.15.0",
        build: "cu132",
      });
    }
    expect(fromEnvironment({})).toBeUndefined();
  });

  it("refuses a CLINICADL_LIBTORCH that is missing, of another version or incomplete, with the way out", () => {
    using machine = new FakeMachine();
    const refused = (value: string) => expect(() => fromEnvironment({ CLINICADL_LIBTORCH: value }));
    refused(machine.path("nowhere")).toThrow(
      /there is no torch\/.*\nSet it to the torch folder of a PyTorch of version 2\.11 to 2\.15/,
    );
    for (const version of ["2.6.0", "2.10.1", "2.16.0", "3.11.0"]) {
      const why = new RegExp(`version ${version.replaceAll(".", "\\.")}; one of 2\\.11 to 2\\.15 is needed`);
      refused(makeTorch(machine.path(version), version)).toThrow(why);
    }
    mkdirSync(machine.path("empty", "torch"), { recursive: true });
    refused(machine.path("empty")).toThrow(/libtorch_cpu\.\w+ is missing/);
  });

  it("takes a cluster's PyTorch of another version where it is named, and keeps it, but never by itself", async () => {
    using machine = new FakeMachine();
    const older = makeTorch(machine.path("older"), "2.11.0+cu130");
    const named = fromEnvironment({ CLINICADL_LIBTORCH: older });
    expect(named).toMatchObject({ dir: older, version: "2.11.0", build: "cu130" });
    const root = machine.path("package");
    mkdirSync(join(root, "build"), { recursive: true });
    writeEngine(root, named);
    expect(recordedLibtorch(root, {}, false)).toMatchObject({ dir: older });
    writeEngine(root, { ...named, source: "the Python environment of python3" });
    expect(recordedLibtorch(root, {}, false)).toBeUndefined();
  });

  it.skipIf(process.platform === "darwin")("wants the NVIDIA runtime beside a CUDA build only", () => {
    using machine = new FakeMachine();
    const bare = makeTorch(machine.path("bare"), "2.15.0+cu132", false);
    expect(() => fromEnvironment({ CLINICADL_LIBTORCH: bare })).toThrow(/NVIDIA runtime/);
    // as PyPI's wheels for CUDA 12 have it, each library in a folder of its own
    const twelve = makeTorch(machine.path("twelve"), "2.11.0+cu128", false);
    mkdirSync(join(twelve, "nvidia", "cuda_runtime", "lib"), { recursive: true });
    expect(() => fromEnvironment({ CLINICADL_LIBTORCH: twelve })).toThrow(/NVIDIA runtime/);
    writeFileSync(join(twelve, "nvidia", "cuda_runtime", "lib", "libcudart.so.12"), "");
    expect(fromEnvironment({ CLINICADL_LIBTORCH: twelve })).toMatchObject({ dir: twelve });
    // and a system's, whose CUDA is elsewhere
    const system = makeTorch(machine.path("system"), "2.13.0+cu130", false);
    writeFileSync(join(system, "torch", "lib", "libtorch_cuda.so"), "");
    expect(fromEnvironment({ CLINICADL_LIBTORCH: system })).toMatchObject({ dir: system, cuda: true });
    const cpu = makeTorch(machine.path("cpu"), "2.15.0+cpu", false);
    expect(fromEnvironment({ CLINICADL_LIBTORCH: cpu })).toMatchObject({ build: "cpu", cuda: false });
  });

  it("passes over a Python whose torch is another version, and asks the active environment first", async () => {
    using machine = new FakeMachine();
    fakePython(join(machine.bin, "python3"), { torch: join(makeTorch(machine.path("old"), "2.14.0"), "torch") });
    expect(await fromPython(machine.env)).toBeUndefined();
    const right = makeTorch(machine.path("right"));
    mkdirSync(machine.path("venv", "bin"), { recursive: true });
    fakePython(machine.path("venv", "bin", "python3"), { torch: join(right, "torch") });
    expect(await fromPython({ ...machine.env, VIRTUAL_ENV: machine.path("venv") })).toMatchObject({ dir: right });
  });

  it("counts a cached copy only when it is complete, and on a GPU machine only one with CUDA", async () => {
    using machine = new FakeMachine();
    makeTorch(cacheFolder(machine.env, false));
    const { fromCache } = await import("./libtorch.mjs");
    expect(fromCache(machine.env, false)).toBeUndefined();
    fillCache(machine);
    expect(fromCache(machine.env, false)).toBeDefined();
    expect(fromCache(machine.env, true)).toBeUndefined();
    const cuda = fillCache(machine, true);
    expect(fromCache(machine.env, true)).toMatchObject({ dir: cuda });
  });

  it("says what is wrong with a folder", () => {
    using machine = new FakeMachine();
    expect(inspect(machine.folder).problem).toMatch(/no torch\//);
  });
});

describe("the cache", () => {
  it("is in XDG_CACHE_HOME or the home directory, by an absolute path", () => {
    expect(cacheRoot({ XDG_CACHE_HOME: "/opt/cache", HOME: "/root" })).toBe("/opt/cache/clinicadl");
    expect(cacheRoot({ XDG_CACHE_HOME: "", HOME: "/home/me" })).toBe("/home/me/.cache/clinicadl");
    expect(() => cacheRoot({ XDG_CACHE_HOME: "cache" })).toThrow(/must be an absolute path/);
    expect(() => cacheRoot({ HOME: "me" })).toThrow(/home directory is 'me'.*Set XDG_CACHE_HOME/);
  });

  it("is known to be closed to others", () => {
    using machine = new FakeMachine();
    const [home, cache] = [machine.path("home"), machine.path("home", "cache")];
    mkdirSync(cache, { recursive: true });
    for (const folder of [machine.folder, home, cache]) chmodSync(folder, 0o755);
    const above = closedToOthers(dirname(machine.folder));
    expect(closedToOthers(cache)).toBe(above);
    chmodSync(home, 0o700);
    expect(closedToOthers(cache)).toBe(above ?? home);
  });
});

describe("the platform", () => {
  it("is one of three", () => {
    expect(platformName({ platform: "linux", arch: "x64", glibc: "2.36" })).toBe("linux-x64");
    expect(platformName({ platform: "darwin", arch: "arm64" })).toBe("darwin-arm64");
  });

  it("is refused otherwise, with the way out", () => {
    expect(() => platformName({ platform: "win32", arch: "x64" })).toThrow(/does not run on win32-x64.*WSL 2/);
    expect(() => platformName({ platform: "darwin", arch: "x64" })).toThrow(/darwin-x64/);
    expect(() => platformName({ platform: "linux", arch: "x64" })).toThrow(/musl.*\n.*Debian/);
    expect(() => platformName({ platform: "linux", arch: "x64", glibc: "2.17" })).toThrow(/2\.28 or newer.*2\.17/);
  });

  it.skipIf(process.platform === "darwin")(
    "has a GPU when the device or nvidia-smi says so, unless overridden",
    async () => {
      using machine = new FakeMachine();
      const none = machine.path("no-device");
      const devices = [machine.path("neither"), none];
      expect(await hasGpu(machine.env, devices)).toBe(false);
      expect(await hasGpu({ ...machine.env, CLINICADL_CUDA: "1" }, devices)).toBe(true);
      writeFileSync(none, "");
      expect(await hasGpu(machine.env, devices)).toBe(true);
      expect(await hasGpu({ ...machine.env, CLINICADL_CUDA: "0" }, devices)).toBe(false);
    },
  );
});
