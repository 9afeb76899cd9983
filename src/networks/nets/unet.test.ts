import { expect, it } from "vitest";
import * as torch from "../../torch/index.ts";
import { compareToOriginal } from "../fixtures/original.ts";
import { UNet, UNetConfig } from "../index.ts";

compareToOriginal("UNet");

const options = { spatialDims: 2, inChannels: 1, outChannels: 1 } as const;

it("UNet checks its options", () => {
  expect(new UNetConfig(options).channels).toEqual([64, 128, 256, 512, 1024]);
  expect(() => new UNetConfig({ ...options, channels: [4] })).toThrow(/'channels' got \[4\]. A UNet has at least 2/);
  // @ts-expect-error
  expect(() => new UNetConfig({ ...options, act: "rellu" })).toThrow(/elu, relu/);
});

it("UNet says which sizes it takes, before it computes anything", () => {
  using network = new UNet({ ...options, channels: [2, 3, 4] });
  using x = torch.zeros([1, 1, 8, 10]);
  expect(() => network.call(x)).toThrow(
    /UNet: images of size \[8,10\].*multiple of 4: crop or pad the images, or give fewer 'channels'/,
  );
});
