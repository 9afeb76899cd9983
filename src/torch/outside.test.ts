import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";

/** What a program of a user's says on standard error. */
function said(body: string): string {
  const folder = mkdtempSync(join(tmpdir(), "clinicadl-outside-"));
  try {
    const script = join(folder, "mine.ts");
    writeFileSync(
      script,
      `import * as torch from ${JSON.stringify(new URL("./index.ts", import.meta.url).href)};\n${body}`,
    );
    const { stderr, status } = spawnSync(process.execPath, [script], { encoding: "utf8" });
    expect(status, stderr).toBe(0);
    return stderr;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

describe("tensors made outside of scopes", () => {
  it("are warned of once, when there are thousands, with what to write and the line that made them", () => {
    const text = said("let sum = torch.zeros([1]);\nfor (let i = 0; i < 12000; i++) {\n  sum = sum.add(1);\n}\n");
    expect(text.match(/Warning:/g)).toHaveLength(1);
    expect(text).toMatch(/outside of any scope.*using scope = torch\.scope\(\);.*mine\.ts:4:\d+/s);
  });

  it("are not warned of when they are in scopes, kept, disposed, or parameters and states", () => {
    const text = said(`
for (let i = 0; i < 3000; i++) {
  using _ = torch.scope();
  for (let j = 0; j < 4; j++) torch.zeros([1]);
}
const kept = Array.from({ length: 6000 }, () => torch.zeros([1]).keep());
for (let i = 0; i < 6000; i++) torch.zeros([1]).dispose();
const layers = Array.from({ length: 1500 }, () => new torch.nn.Linear(1, 1));
const net = new torch.nn.Sequential(...layers);
const optimizer = new torch.optim.Adam(net.parameters());
for (let i = 0; i < 2; i++) {
  using _ = torch.scope();
  net.call(torch.ones([1, 1])).sum().backward();
  optimizer.step();
  optimizer.zeroGrad();
}
const outer = [];
for (let i = 0; i < 6000; i++) {
  using scope = torch.scope();
  outer.push(scope.keep(torch.ones([1])));
}
if (kept.length + outer.length !== 12000) throw new Error("lost");
`);
    expect(text).toBe("");
  });
});
