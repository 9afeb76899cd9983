import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { buildPlainly, FLAGS, readFlags } from "./plain-build.mjs";

const root = fileURLToPath(new URL("../..", import.meta.url)).replace(/\/$/, "");
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "clinicadl-plain-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** A compiler that writes down what it is asked, and fails where a file has this name. */
function compilerThatFails(at: string): { compiler: string; asked: () => string[] } {
  const [compiler, log] = [join(folder, "compiler"), join(folder, "log")];
  writeFileSync(compiler, `#!/bin/sh\necho "$*" >> ${log}\ncase "$*" in *${at}*) echo "error: $0"; exit 1;; esac\n`);
  chmodSync(compiler, 0o755);
  return { compiler, asked: () => readFileSync(log, "utf8").trim().split("\n") };
}

function makeSources(): void {
  for (const [path, text] of [
    ["native/a.cc", ""],
    ["native/kernels/b.cc", ""],
    [FLAGS, JSON.stringify({ flags: ["-O2"], options: { "a.cc": ["-Igloo", "-DUSE"], "kernels/b.cc": ["-O3"] } })],
  ] as const) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
}

describe("a build without CMake", () => {
  it("has the flags that CMake gave, of all files and of single ones", () => {
    const { flags, options } = readFlags(root);
    expect(flags).toEqual(expect.arrayContaining(["-DNAPI_VERSION=9", "-fPIC", "-fno-math-errno", "-std=gnu++20"]));
    expect(options["blur.cc"]).toEqual(["-O3", "-ffp-contract=off", "-fno-trapping-math"]);
    expect(options["c10d.cc"]).toEqual(["-Igloo", "-DUSE_C10D_GLOO"]);
    expect(options["kernels/conv_rows.cc"]).toEqual(["-O3", "-Wno-psabi"]);
  });

  it("compiles each file once with its own, and links what came of them", async () => {
    makeSources();
    const { compiler, asked } = compilerThatFails("nothing");
    const addon = join(folder, "build", "native", "clinicadl.node");
    await buildPlainly(folder, { dir: "/opt/libtorch" }, compiler, addon);
    const [last = "", ...others] = asked().reverse();
    const lineOf = (source: string) =>
      others.filter((line) => line.includes(`-c ${join(folder, "native", source)} -o`));
    expect(others).toHaveLength(2);
    expect(lineOf("a.cc")[0]).toContain(
      `-O2 -I${join(folder, "native", "gloo")} -DUSE -isystem /opt/libtorch/torch/include`,
    );
    expect(lineOf("kernels/b.cc")[0]).toContain("-O2 -O3 -isystem");
    expect(last).toContain(`-o ${addon}`);
    expect(last).toMatch(/objects\/a\.cc\.o .*objects\/kernels\/b\.cc\.o -L\/opt\/libtorch\/torch\/lib/);
  });

  it("ends with what the compiler has said", async () => {
    makeSources();
    const { compiler } = compilerThatFails("b.cc");
    const built = buildPlainly(folder, { dir: "/opt/libtorch" }, compiler, join(folder, "build", "addon"));
    await expect(built).rejects.toThrow(/The addon did not compile\.\nerror: /);
  });
});
