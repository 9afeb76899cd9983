import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Tensor } from "../../torch/index.ts";
import * as torch from "../../torch/index.ts";
import { ConfigError } from "../../utils/exceptions.ts";
import { compareToOriginal } from "../fixtures/original.ts";
import { AutoEncoder, AutoEncoderConfig, type AutoEncoderOptions, type PoolingParameters } from "../index.ts";

compareToOriginal("AutoEncoder");

/** The spatial size that comes out. */
function sizeOut(network: AutoEncoder, size: readonly number[]): number[] {
  using _scope = torch.scope();
  network.eval();
  return torch.noGrad(() => (network.call(torch.zeros([1, 1, ...size])) as Tensor).shape.slice(2));
}

describe("AutoEncoder", () => {
  // ClinicaDL gives 13, 17, 18 and 16
  it.each([15, 16, 17, 18])("gives back images of %i voxels with stride 3 and padding 1 (D22b)", (length) => {
    const network = new AutoEncoder({
      inShape: [1, length, length],
      latentSize: 2,
      convArgs: { channels: [2], stride: 3, padding: 1 },
    });
    expect(sizeOut(network, [length, length])).toEqual([length, length]);
    network.dispose();
  });

  it("gives back images of any size, whatever the layers", () => {
    const perDim = <T>(dims: number, value: fc.Arbitrary<T>) => fc.array(value, { minLength: dims, maxLength: dims });
    const convolution = (dims: number) =>
      fc.record({
        kernelSize: perDim(dims, fc.integer({ min: 1, max: 5 })),
        stride: perDim(dims, fc.integer({ min: 1, max: 4 })),
        padding: perDim(dims, fc.integer({ min: 0, max: 3 })),
        dilation: perDim(dims, fc.integer({ min: 1, max: 2 })),
      });
    const pooling = (dims: number): fc.Arbitrary<PoolingParameters> =>
      fc.oneof(
        fc
          .record({
            half: fc.integer({ min: 0, max: 1 }),
            ceilMode: fc.boolean(),
            stride: fc.integer({ min: 1, max: 4 }),
          })
          .chain(({ half, ...options }) =>
            perDim(dims, fc.integer({ min: 2 * half || 1, max: 4 })).map(
              (kernelSize) => ["max", { ...options, padding: half, kernelSize }] as const,
            ),
          ),
        perDim(dims, fc.integer({ min: 1, max: 3 })).map((kernelSize) => ["avg", { kernelSize }] as const),
        perDim(dims, fc.integer({ min: 1, max: 3 })).map((outputSize) => ["adaptiveavg", { outputSize }] as const),
      );
    const options = fc.integer({ min: 1, max: 3 }).chain((dims) =>
      fc.record({
        size: perDim(dims, fc.integer({ min: 4, max: dims === 3 ? 12 : 24 })),
        layers: fc.array(convolution(dims), { maxLength: 3 }),
        poolings: fc.array(fc.option(pooling(dims)), { minLength: 4, maxLength: 4 }),
        unpoolingMode: fc.constantFrom("nearest" as const, "convtranspose" as const),
      }),
    );
    let built = 0;
    fc.assert(
      fc.property(options, ({ size, layers, poolings, unpoolingMode }) => {
        // a pooling after each layer or none, and one before the first
        const kept = poolings.slice(0, layers.length + 1).map((p, i) => [p, i - 1] as const);
        const given = kept.flatMap(([p, index]) => (p === null ? [] : [{ pooling: p, index }]));
        const networkOptions: AutoEncoderOptions = {
          inShape: [1, ...size],
          latentSize: 1,
          convArgs: {
            channels: layers.map(() => 1),
            kernelSize: layers.map((l) => l.kernelSize),
            stride: layers.map((l) => l.stride),
            padding: layers.map((l) => l.padding),
            dilation: layers.map((l) => l.dilation),
            pooling: given.map((g) => g.pooling),
            poolingIndices: given.map((g) => g.index),
            norm: null,
          },
          unpoolingMode,
        };
        let network: AutoEncoder;
        try {
          network = new AutoEncoder(networkOptions);
        } catch (error) {
          // the encoder itself cannot be
          if (error instanceof ConfigError && error.message.startsWith("ConvEncoder:")) fc.pre(false);
          throw error;
        }
        built++;
        expect(sizeOut(network, size)).toEqual(size);
        expect(network.decoder.outputShape).toEqual([1, ...size]);
        network.dispose();
      }),
      { numRuns: 200, seed: 22 },
    );
    expect(built).toBe(200);
  });

  it("is an encoder and a decoder", () => {
    using _scope = torch.scope();
    const network = new AutoEncoder({
      inShape: [2, 12, 10],
      latentSize: 3,
      convArgs: { channels: [4, 2], poolingIndices: [1] },
      mlpArgs: { hiddenDims: [6, 5] },
      outChannels: 1,
      outputAct: "sigmoid",
    }).eval();
    const images = torch.randn([4, 2, 12, 10]);
    const latent = network.encoder.call(images) as Tensor;
    expect([...latent.shape]).toEqual([4, 3]);
    expect(torch.equal(network.decoder.call(latent) as Tensor, network.call(images) as Tensor)).toBe(true);
    expect(network.decoder.config.mlpArgs.hiddenDims).toEqual([5, 6]);
    network.dispose();
  });

  it("checks its options", () => {
    const options = { inShape: [1, 9, 9], latentSize: 2, convArgs: { channels: [2] } };
    expect(() => new AutoEncoderConfig({ ...options, unpoolingMode: "trilinear" })).toThrow(
      /'trilinear', which is for 3D images.*2 spatial/,
    );
    expect(() => new AutoEncoderConfig({ ...options, unpoolingMode: "linear" })).toThrow(/1D images/);
    expect(() => new AutoEncoderConfig({ ...options, unpoolingMode: "cubic" as "bicubic" })).toThrow(
      /unpoolingMode.*'cubic'/,
    );
    expect(new AutoEncoderConfig({ ...options, unpoolingMode: "ConvTranspose" as "convtranspose" }).unpoolingMode).toBe(
      "convtranspose",
    );
    expect(() => new AutoEncoderConfig({ ...options, latentSize: 0 })).toThrow(/latentSize/);
    expect(() => new AutoEncoderConfig({ ...options, unpooling: null } as never)).toThrow(/unknown option 'unpooling'/);
    expect(() => new AutoEncoderConfig({ ...options, convArgs: { channels: [] }, outChannels: 2 })).toThrow(
      /without convolutions.*1 channel/,
    );
    expect(new AutoEncoderConfig(options).outChannels).toBe(1);
    expect(() => new AutoEncoder({ ...options, convArgs: { channels: [2, 2], kernelSize: 7 } })).toThrow(/ConvEncoder/);
  });

  it("does without poolings, where ClinicaDL fails", () => {
    const network = new AutoEncoder({
      inShape: [1, 9],
      latentSize: 2,
      convArgs: { channels: [2], pooling: null, poolingIndices: [0] },
    });
    expect(sizeOut(network, [9])).toEqual([9]);
    network.dispose();
  });
});
