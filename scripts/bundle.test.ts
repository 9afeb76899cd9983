import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { bundle } from "./bundle.mjs";

let folder = "";
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** What tsc could have made of three rooms. */
const FILES = {
  "utils/base.js": `
    export class Thing { get name() { return this.constructor.name; } }
    const count = () => 1;
    export const first = count;
  `,
  "torch/index.js": `
    import { Thing } from "../utils/base.js";
    export { Thing };
    const count = () => 2;
    export const second = count;
    export class Tensor extends Thing {}
  `,
  "io/download/index.js": `
    import { fileURLToPath } from "node:url";
    export { Thing } from "../../utils/base.js";
    export const said = "write import.meta.url";
    export const child = fileURLToPath(new URL("./child.js", import.meta.url));
    export const asset = fileURLToPath(new URL("../page.json", import.meta.url));
  `,
  "io/download/child.js": `
    import { Tensor } from "../../torch/index.js";
    process.stdout.write(new Tensor().name);
  `,
  "cli/index.js": `
    import { Thing } from "../utils/base.js";
    const { child } = await import("../io/download/index.js");
    process.stdout.write(new Thing().name + child);
  `,
};

async function bundled(more: Record<string, string> = {}): Promise<void> {
  folder = realpathSync(mkdtempSync(join(tmpdir(), "clinicadl-bundle-")));
  for (const [name, text] of Object.entries({ ...FILES, ...more })) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  writeFileSync(join(folder, "package.json"), '{ "type": "module" }');
  await bundle(folder, ["torch/index.js", "io/download/index.js", "cli/index.js"]);
}
const load = (path: string) => import(join(folder, path));
const run = (path: string) => execFileSync(process.execPath, [join(folder, path)], { encoding: "utf8" });

describe("the files of a room, put together", () => {
  it("are one file for each room, and what leads there under the names that others import", async () => {
    await bundled();
    expect(existsSync(join(folder, "utils", "base.js"))).toBe(false);
    expect(readdirSync(join(folder, "rooms"))).toEqual(expect.arrayContaining(["torch.js", "io.js", "start.js"]));
    const torch = await load("torch/index.js");
    expect(Object.keys(torch)).toEqual(["Tensor", "Thing", "second"]);
  });

  it("are there once, whichever way they are imported, and keep their names", async () => {
    await bundled();
    const [torch, download] = [await load("torch/index.js"), await load("io/download/index.js")];
    expect(torch.Thing).toBe(download.Thing);
    expect(torch.Tensor.name).toBe("Tensor");
    expect(torch.second.name).toBe("count");
    expect(torch.second()).toBe(2);
  });

  it("know where they were, and programs that are started by their path are there, and in no other file", async () => {
    await bundled();
    const download = await load("io/download/index.js");
    expect(download.child).toBe(join(folder, "io", "download", "child.js"));
    expect(download.asset).toBe(join(folder, "io", "page.json"));
    expect(download.said).toBe("write import.meta.url");
    expect(run("io/download/child.js")).toBe("Tensor");
    expect(run("cli/index.js")).toBe(`Thing${download.child}`);
  });

  it("refuse to ask where they are in another way, and to import what is not there", async () => {
    await expect(bundled({ "utils/base.js": "export const where = import.meta.dirname;" })).rejects.toThrow(
      "write import.meta.url",
    );
    rmSync(folder, { recursive: true, force: true });
    await expect(bundled({ "utils/base.js": "export {};" })).rejects.toThrow("Thing");
  });
});
