import { closeSync, mkdirSync, mkdtempSync, openSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import * as part from "./cuda-part.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "clinicadl-cuda-part-"));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

/** An addon that notes what it is asked to open. */
function addonThatSays(answer: string) {
  const opened: string[] = [];
  const loadCuda = (path: string) => {
    opened.push(path);
    return answer;
  };
  return { opened, loadCuda };
}

describe("libtorch's CUDA part", () => {
  it("is looked for where the driver has any device", () => {
    const device = join(folder, "nvidiactl");
    expect(part.hasGpu([device])).toBe(false);
    closeSync(openSync(device, "w"));
    expect(part.hasGpu([join(folder, "other"), device])).toBe(true);
  });
  it("is left where there is no GPU", () => {
    const addon = addonThatSays("");
    part.openCudaPart(addon, folder, false);
    expect(addon.opened).toEqual([]);
    expect(part.whyNotOpened).toBe("no NVIDIA device was found");
  });
  it("is opened where there is one, or it is said why not", () => {
    const library = join(folder, "torch", "lib", "libtorch_cuda.so");
    part.openCudaPart(addonThatSays(""), folder, true);
    expect(part.whyNotOpened).toBe(`${library} does not exist`);
    mkdirSync(join(folder, "torch", "lib"), { recursive: true });
    closeSync(openSync(library, "w"));
    const addon = addonThatSays("libcudnn.so.9: cannot open shared object file");
    part.openCudaPart(addon, folder, true);
    expect(addon.opened).toEqual([library]);
    expect(part.whyNotOpened).toBe("libcudnn.so.9: cannot open shared object file");
    part.openCudaPart(addonThatSays(""), folder, true);
    expect(part.whyNotOpened).toBe("");
  });
});
