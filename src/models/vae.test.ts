import { afterEach, beforeEach, expect, it } from "vitest";
import { MSELossConfig } from "../losses/index.ts";
import { TestBatch } from "../metrics/fixtures/test-batch.ts";
import { CNNConfig, VAE, VAEConfig } from "../networks/index.ts";
import { AdamConfig } from "../optim/index.ts";
import * as torch from "../torch/index.ts";
import type { JsonObject } from "../utils/config.ts";
import { modelFromDict, VAEModel } from "./index.ts";

let live = 0;
beforeEach(() => {
  live = torch.memory.live().tensors;
});
afterEach(() => {
  expect(torch.memory.live().tensors).toBe(live);
});

const network = new VAEConfig({ inShape: [1, 8, 8], latentSize: 3, convArgs: { channels: [2] } });
const options = { network, loss: new MSELossConfig(), optimizer: new AdamConfig({ lr: 1e-2 }) };

it("the loss is that of the reconstruction and beta times the divergence", () => {
  using _scope = torch.scope();
  const image = torch.rand([4, 1, 8, 8]);
  using vae = network.getObject();
  const of = (beta: number) => {
    using model = new VAEModel({ ...options, network: network.getObject(), beta });
    model.network.loadStateDict(vae.stateDict());
    model.eval(); // without drawing
    using batch = new TestBatch({ image: image.clone() });
    return model.forwardStep(batch).item() as number;
  };
  vae.eval();
  const [reconstruction, mu, logVar] = vae.call(image);
  const mse = reconstruction.sub(image).square().mean().item() as number;
  // of normal distributions, from Gaussians' closed form, one value at a time
  const [means, logs] = [mu.toArray(), logVar.toArray()] as [number[][], number[][]];
  const divergence =
    means.flat().reduce((sum, m, i) => sum + (m * m + Math.exp(logs.flat()[i]!) - 1 - logs.flat()[i]!) / 2, 0) / 4;
  expect(of(0)).toBeCloseTo(mse, 5);
  expect(of(0.5)).toBeCloseTo(mse + 0.5 * divergence, 5);
  expect(divergence).toBeGreaterThan(0);
});

it("evaluates the reconstruction, without drawing, and learns", () => {
  using _scope = torch.scope();
  torch.manualSeed(0);
  using model = new VAEModel({ ...options, network: new VAE(network), beta: 1e-3 });
  using batch = new TestBatch({ image: torch.rand([4, 1, 8, 8]) });
  const evaluate = () => {
    model.eval();
    return torch.noGrad(() => model.evaluationStep(batch)).getField("output");
  };
  const first = evaluate();
  expect(first.shape).toEqual([4, 1, 8, 8]);
  expect(torch.equal(evaluate(), first)).toBe(true);
  model.train();
  const optimizers = model.buildOptimizers();
  const losses = Array.from({ length: 40 }, () => {
    const loss = model.forwardStep(batch);
    model.backwardStep(loss);
    model.optimizationStep(optimizers);
    model.zeroGrad({ setToNone: true });
    return loss.item() as number;
  });
  expect(losses.at(-1)).toBeLessThan(0.7 * losses[0]!);
  for (const optimizer of Object.values(optimizers)) (optimizer as { dispose?: () => void }).dispose?.();
});

it("goes to JSON and back, and is checked", () => {
  using _scope = torch.scope();
  using model = new VAEModel({ ...options, beta: 0.25 });
  const dict = model.toDict();
  expect(dict).toMatchObject({ name_: "VAEModel", network: { name_: "VAE" }, beta: 0.25 });
  using again = modelFromDict(JSON.parse(JSON.stringify(dict)) as JsonObject);
  expect(again).toBeInstanceOf(VAEModel);
  expect(again.toDict()).toEqual(dict);
  expect(() => new VAEModel({ ...options, beta: -1 })).toThrow(/'beta' got -1\. Expected a number of at least 0/);
  const cnn = new CNNConfig({ inShape: [1, 8, 8], numOutputs: 2, convArgs: { channels: [2] } });
  using wrong = new VAEModel({ ...options, network: cnn });
  using batch = new TestBatch({ image: torch.zeros([1, 1, 8, 8]) });
  expect(() => wrong.forwardStep(batch)).toThrow(
    /needs a network that gives \[reconstruction, mu, logVar\].*CNN gives/,
  );
});
