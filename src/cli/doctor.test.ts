import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { buildText, cacheText, examine, kernelsText, render, unpackingText } from "./doctor.ts";

it("names what is missing and the way out, without an engine", async () => {
  const root = mkdtempSync(join(tmpdir(), "clinicadl-doctor-"));
  try {
    mkdirSync(join(root, "scripts"));
    cpSync(join(import.meta.dirname, "..", "..", "scripts", "setup"), join(root, "scripts", "setup"), {
      recursive: true,
    });
    writeFileSync(join(root, "package.json"), JSON.stringify({ version: "1.2.3", engines: { node: ">=24" } }));
    const findings = await examine(root);
    expect(findings.filter((finding) => finding.missing !== undefined)).toEqual([
      { label: "libtorch", text: "not set up", missing: "run npx clinicadl setup" },
    ]);
    expect(render(findings)).toMatch(/^clinicadl +1\.2\.3 in .*\nnode +\d+/);
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
});

it("takes from libtorch's description the libraries it computes with", () => {
  const config =
    "PyTorch built with:\n  - GCC 13.3\n  - C++ Version: 202002\n  - OpenMP 201511 (a.k.a. OpenMP 4.5)\n\nAVX512";
  expect(buildText(config)).toBe("GCC 13.3; OpenMP 201511 (a.k.a. OpenMP 4.5)");
});

it("names the instruction sets in use, and what limits them", () => {
  const found = { capability: "AVX2", features: ["sse4_1", "avx", "avx2"] };
  expect(kernelsText(found, {})).toBe("libtorch AVX2, oneDNN AVX2");
  expect(kernelsText(found, { ONEDNN_MAX_CPU_ISA: "AVX", MKL_CBWR: "AVX" })).toBe(
    "libtorch AVX2, oneDNN AVX (set by ONEDNN_MAX_CPU_ISA=AVX MKL_CBWR=AVX)",
  );
  expect(kernelsText({ capability: "DEFAULT", features: ["neon"] }, {})).toBe("libtorch DEFAULT");
});

it("says what unpacks images, and what would do it faster", () => {
  expect(unpackingText("libdeflate")).toBe("libdeflate");
  expect(unpackingText("")).toMatch(/^Node's zlib .*libdeflate0/);
  expect(cacheText(["lz4", "zstd"])).toBe("LZ4");
  expect(cacheText(["zstd"])).toMatch(/^zstd .*liblz4-1/);
  expect(cacheText([])).toMatch(/^none: .*liblz4-1/);
});
