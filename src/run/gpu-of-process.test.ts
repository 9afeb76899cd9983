import { describe, expect, it } from "vitest";
import { ConfigError } from "../utils/exceptions.ts";
import { gpuOfProcess } from "./gpu-of-process.ts";

describe("the GPU of one of several processes on a machine", () => {
  it("is that of its number", () => {
    expect([0, 1, 3].map((localRank) => gpuOfProcess(localRank, 4))).toEqual([0, 1, 3]);
  });
  it("is the only one that its launcher shows it", () => {
    expect([0, 1, 3].map((localRank) => gpuOfProcess(localRank, 1))).toEqual([0, 0, 0]);
  });
  it("is missing where there are more processes than GPUs", () => {
    expect(() => gpuOfProcess(2, 2)).toThrow(ConfigError);
    expect(() => gpuOfProcess(2, 2)).toThrow("Process 2 of this machine, counted from 0, has no GPU: there are 2");
  });
});
