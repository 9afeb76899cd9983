import { describe, expect, it } from "vitest";
import * as torch from "../../torch/index.ts";
import { compareToOriginal } from "../fixtures/original.ts";
import { VAE, VAEConfig } from "../index.ts";

compareToOriginal("VAE");

const options = { inShape: [1, 8, 9], latentSize: 2, convArgs: { channels: [2] } };

describe("VAE", () => {
  it("decodes the mean in evaluation, where ClinicaDL adds the deviation (D22c)", () => {
    using _scope = torch.scope();
    using network = new VAE(options).eval();
    const mu = torch.tensor([[1, 2]]);
    const logVar = torch.tensor([[0, 0]]);
    expect(network.reparameterize(mu, logVar)).toBe(mu);
    const [reconstruction, mean] = network.call(torch.randn([3, 1, 8, 9]));
    expect(torch.equal(network.decoder.call(mean), reconstruction)).toBe(true);
    expect([...reconstruction.shape]).toEqual([3, 1, 8, 9]);
  });

  it("draws from the distribution in training: its mean and deviation", () => {
    using _scope = torch.scope();
    using network = new VAE(options);
    torch.manualSeed(0);
    const count = 40_000;
    const drawn = network.reparameterize(torch.full([count], 3), torch.full([count], Math.log(4)));
    // the mean of n draws deviates by 2/√n, and 5 times that less than once in a million
    expect(Math.abs(drawn.mean().item() - 3)).toBeLessThan((5 * 2) / Math.sqrt(count));
    expect(Math.abs(drawn.std().item() - 2)).toBeLessThan((5 * 2) / Math.sqrt(count));
  });

  it("has two last layers of their own weights, and learns through both", () => {
    using _scope = torch.scope();
    using network = new VAE(options);
    const { mu, log_var: logVar } = Object.fromEntries(network.namedChildren());
    expect([mu, logVar]).toEqual([network.mu, network.logVar]);
    const [weight, other] = [network.mu, network.logVar].map((layer) => [...layer.parameters()][0]!);
    expect(torch.equal(weight!, other!)).toBe(false);
    const [reconstruction] = network.call(torch.randn([3, 1, 8, 9]));
    reconstruction.square().sum().backward();
    for (const [name, parameter] of network.namedParameters()) expect(parameter.grad, name).not.toBeNull();
  });

  it("checks its options as an AutoEncoder does", () => {
    expect(() => new VAEConfig({ ...options, unpoolingMode: "trilinear" })).toThrow(/VAEConfig: .*for 3D images/);
    expect(() => new VAEConfig({ ...options, latentSize: 0 })).toThrow(/latentSize/);
    expect(new VAEConfig(options).outChannels).toBe(1);
  });
});
