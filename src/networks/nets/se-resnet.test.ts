import { expect, it } from "vitest";
import { compareToOriginal } from "../fixtures/original.ts";
import { SEResNetConfig } from "../index.ts";

compareToOriginal("SEResNet");

it("SEResNet needs as many channels as it reduces", () => {
  const options = { spatialDims: 2, inChannels: 1, numOutputs: 1, nFeatures: [8, 16], nResBlocks: [1, 1] } as const;
  expect(() => new SEResNetConfig(options)).toThrow(/8 is less than 'seReduction' \(16\)/);
});
