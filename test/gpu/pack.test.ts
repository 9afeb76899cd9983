import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { MOST_BYTES, pack } from "./pack.mjs";

const root = fileURLToPath(new URL("../..", import.meta.url)).replace(/\/$/, "");
let folder: string;
let inside: string;
let bytes: number;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "clinicadl-pack-"));
  bytes = pack(root, join(folder, "pack.tgz"));
  execFileSync("tar", ["-xzf", join(folder, "pack.tgz"), "-C", folder]);
  inside = join(folder, "clinicadl-gpu");
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("what is packed for a machine with a GPU", () => {
  it("is small enough to be copied, and leaves nothing beside itself", () => {
    expect(bytes).toBeLessThan(MOST_BYTES);
    expect(readdirSync(folder).sort()).toEqual(["clinicadl-gpu", "pack.tgz"]);
  });

  it("brings its own Node, sources and golden numbers, and neither the page nor tests of vitest", () => {
    const version = execFileSync(join(inside, "node"), ["-p", "process.versions.node"], { encoding: "utf8" });
    expect(Number(version.split(".")[0])).toBeGreaterThanOrEqual(24);
    for (const path of ["run.sh", "native/CMakeLists.txt", "native/nccl/nccl.cc", "src/torch/nn/golden/nn.json"]) {
      expect(existsSync(join(inside, path)), path).toBe(true);
    }
    for (const path of ["src/view", "src/cli", "src/torch/tensor.test.ts", "src/torch/generated"]) {
      expect(existsSync(join(inside, path)), path).toBe(false);
    }
  });

  it("has entries that exist", () => {
    const { exports } = JSON.parse(readFileSync(join(inside, "package.json"), "utf8")) as {
      exports: Record<string, string>;
    };
    expect(exports["./torch"]).toBe("./src/torch/index.ts");
    for (const target of Object.values(exports)) expect(existsSync(join(inside, target)), target).toBe(true);
  });

  it("says in words that there is no PyTorch, and counts it as failed", () => {
    // no Python, and no libtorch that anybody has named
    const env = {
      ...process.env,
      PATH: "/nowhere",
      CLINICADL_LIBTORCH: "",
      CLINICADL_TEST_PYTHON: "",
      VIRTUAL_ENV: "",
    };
    const program = [join(inside, "test/gpu/there.mjs"), "--device", "cpu"];
    let said = "";
    try {
      execFileSync(join(inside, "node"), program, {
        env: { ...env, CONDA_PREFIX: "" },
        encoding: "utf8",
        stdio: "pipe",
      });
    } catch (error) {
      const { stdout, stderr } = error as { stdout: string; stderr: string };
      said = `${stderr}${stdout}`;
    }
    expect(said).toMatch(/No PyTorch 2\.11 to 2\.15 was found \(no python3 on the PATH has any\)/);
    expect(said).toMatch(/\n0 passed, 1 failed\n$/);
  });
});
