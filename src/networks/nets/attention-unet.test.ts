import { expect, it } from "vitest";
import { compareToOriginal } from "../fixtures/original.ts";
import { AttentionUNetConfig } from "../index.ts";

compareToOriginal("AttentionUNet");

it("AttentionUNet needs channels that a gate can halve", () => {
  const options = { spatialDims: 2, inChannels: 1, outChannels: 1 } as const;
  expect(() => new AttentionUNetConfig({ ...options, channels: [1, 4] })).toThrow(/'channels' got \[1,4\].*2 channels/);
  expect(new AttentionUNetConfig({ ...options, channels: [2, 1] }).channels).toEqual([2, 1]);
});
