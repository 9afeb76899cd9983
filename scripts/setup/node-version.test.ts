import { readFileSync } from "node:fs";
import { expect, it } from "vitest";

it("Node's version is that of engines wherever package.json names one", () => {
  const manifest = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8"));
  const oldest = /^>=(\d+)$/.exec(manifest.engines.node)?.[1];
  expect(oldest).toBeDefined();
  const all: Record<string, string> = { ...manifest.optionalDependencies, ...manifest.devDependencies };
  const versions = Object.entries(all).filter(([name]) => /^node-(bin-)?(linux|darwin)-|^@types\/node$/.test(name));
  expect(versions.length).toBeGreaterThan(3);
  for (const [name, version] of versions) expect(`${name} ${version.split(".")[0]}`).toBe(`${name} ${oldest}`);
});
