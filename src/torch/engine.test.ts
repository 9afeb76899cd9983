import { spawnSync } from "node:child_process";
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { libtorchProblem, packageRoot, readEngine } from "./engine.ts";

/** A user that no one is: root stands aside for it, since root may read everything. */
const NOBODY = 54321;
const asRoot = process.getuid?.() === 0;

let dir = "";
beforeEach(() => {
  // root may have a folder for temporary files that is closed to others
  dir = realpathSync(mkdtempSync(join(asRoot ? "/tmp" : tmpdir(), "engine-")));
  chmodSync(dir, 0o755);
});
afterEach(() => {
  // what a test closed must be open to be removed
  spawnSync("chmod", ["-R", "u+rwx", dir]);
  rmSync(dir, { recursive: true, force: true });
});

/** A copy of this checkout: what the engine needs of it. */
function copyCheckout(name: string, { addon = true } = {}): string {
  const root = join(dir, name);
  for (const part of ["src/torch", "src/utils", "package.json", "build/engine.json", "scripts/setup"]) {
    cpSync(join(packageRoot, part), join(root, part), { recursive: true });
  }
  symlinkSync(join(packageRoot, "node_modules"), join(root, "node_modules"));
  if (addon) cpSync(join(packageRoot, "build/native/clinicadl.node"), join(root, "build/native/clinicadl.node"));
  return root;
}

/** Runs code in another process, under another user where this one is root; without a home. */
function elsewhere(code: string, { other = false } = {}): string {
  let node = process.execPath;
  if (other && asRoot) {
    // the folder that this Node lies in may be closed to others
    node = join(dir, "node");
    if (!existsSync(node)) cpSync(process.execPath, node);
    chmodSync(node, 0o755);
  }
  const { stdout, stderr } = spawnSync(node, ["--input-type=module", "-e", code], {
    encoding: "utf8",
    cwd: "/",
    env: { OMP_NUM_THREADS: "1" },
    ...(other && asRoot ? { uid: NOBODY, gid: NOBODY } : {}),
  });
  return `${stdout}${stderr}`;
}

/** Uses the engine of a checkout: "addons: …" with the addons that were loaded, or the error. */
function load(root: string, options = {}): string {
  return elsewhere(
    `try {
       const torch = await import(${JSON.stringify(join(root, "src/torch/index.ts"))});
       torch.zeros([1]).dispose();
       const { sharedObjects } = process.report.getReport();
       console.log("addons:", ...sharedObjects.filter((path) => path.endsWith("clinicadl.node")));
     } catch (error) {
       console.log(error.name + ":", error.message);
     }`,
    options,
  ).trimEnd();
}

describe("a checkout that was copied or moved", () => {
  it("uses its own addon, and not the one where it came from", () => {
    const root = copyCheckout("copy");
    expect(load(root)).toBe(`addons: ${join(root, "build/native/clinicadl.node")}`);
    renameSync(root, join(dir, "moved"));
    expect(load(join(dir, "moved"))).toBe(`addons: ${join(dir, "moved/build/native/clinicadl.node")}`);
  });

  it("says to set it up where its addon was left behind", () => {
    const root = copyCheckout("copy", { addon: false });
    expect(load(root)).toBe(
      `EngineNotSetUpError: The engine of ClinicaDL in ${root} is not set up. It was set up in another place, and copied or ` +
        "moved without its addon. Run `npx clinicadl setup`.",
    );
  });

  it("says to set it up where nothing is, and where the record is damaged", () => {
    mkdirSync(join(dir, "build"));
    expect(() => readEngine(dir)).toThrow(/is not set up \(libtorch and its addon\)\. Run `npx clinicadl setup`/);
    for (const text of ["", "{", "null", "[]", '{ "libtorch": 1, "addon": "x" }']) {
      writeFileSync(join(dir, "build", "engine.json"), text);
      expect(() => readEngine(dir)).toThrow(/engine\.json is damaged\. Run `npx clinicadl setup`/);
    }
  });

  it("says that the addon is of another system, or damaged", () => {
    const root = copyCheckout("copy", { addon: false });
    mkdirSync(join(root, "build/native"));
    writeFileSync(join(root, "build/native/clinicadl.node"), "not a library");
    expect(load(root)).toMatch(
      /^EngineNotSetUpError: The addon .*copy\/build\/native\/clinicadl\.node cannot be loaded: .*Run `npx clinicadl setup` again, in .*copy\./,
    );
  });
});

describe("an engine that another user set up", () => {
  it("works, or says whose folder is closed and what to do", () => {
    const said = load(copyCheckout("copy"), { other: true });
    if (said.startsWith("addons:")) expect(said).toBe(`addons: ${join(dir, "copy/build/native/clinicadl.node")}`);
    else
      expect(said).toMatch(
        /^EngineNotSetUpError: This user \(\S+\) may not read \/.*XDG_CACHE_HOME=.*CLINICADL_LIBTORCH=/,
      );
  });

  it("names the closed folder of libtorch, and the ways out", () => {
    const root = copyCheckout("copy", { addon: false });
    const libtorch = join(dir, "home", "cache", "libtorch");
    mkdirSync(join(libtorch, "torch", "lib"), { recursive: true });
    for (const name of ["so", "dylib"]) writeFileSync(join(libtorch, "torch", "lib", `libtorch_cpu.${name}`), "");
    mkdirSync(join(root, "build/native"));
    writeFileSync(join(root, "build/native/clinicadl.node"), "not a library");
    writeFileSync(join(root, "build/engine.json"), JSON.stringify({ libtorch, addon: "/somewhere/else" }));
    chmodSync(join(dir, "home"), 0o600);
    const said = load(root, { other: true });
    expect(said).toMatch(/^EngineNotSetUpError: This user \(\S+\) may not read /);
    expect(said).toContain(`may not read ${join(dir, "home")}, and libtorch was set up in ${libtorch}.`);
    expect(said).toMatch(/XDG_CACHE_HOME=<folder> npx clinicadl setup.*CLINICADL_LIBTORCH=/);
    expect(said).not.toContain("/somewhere/else");
  });

  it("names what is closed of the checkout", () => {
    const root = copyCheckout("copy");
    chmodSync(join(root, "build/engine.json"), 0);
    expect(load(root, { other: true })).toMatch(
      /^EngineNotSetUpError: This user \(\S+\) may not read .*engine\.json\. Open it/,
    );
  });

  it("says where the way to a libtorch ends that is gone", () => {
    expect(libtorchProblem(join(dir, "gone", "deep"))).toBe(
      `libtorch is no longer in ${dir}/gone/deep: ${dir}/gone is not there. Run \`npx clinicadl setup\`.`,
    );
  });

  it("needs no home directory to say where downloads would be kept", () => {
    const platform = JSON.stringify(join(copyCheckout("copy"), "scripts/setup/platform.mjs"));
    const code = `const { cacheRoot } = await import(${platform}); try { console.log(cacheRoot({})); } catch (error) { console.log(error.name, error.message); }`;
    expect(elsewhere(code, { other: true })).toMatch(
      /^(\/.*\/clinicadl|SetupError HOME is not set.*XDG_CACHE_HOME.*)\n$/,
    );
  });
});
