import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Batch } from "../data/dataloader/index.ts";
import { point } from "../infer/fixtures/images.ts";
import { PatchesToImageInferer, SimpleInferer, TestTimeAugmentation } from "../infer/index.ts";
import { BCEWithLogitsLossConfig, CrossEntropyLossConfig, DiceLossConfig } from "../losses/index.ts";
import { TestBatch } from "../metrics/fixtures/test-batch.ts";
import { UNetConfig } from "../networks/index.ts";
import { AdamConfig } from "../optim/index.ts";
import type { Tensor } from "../torch/index.ts";
import * as torch from "../torch/index.ts";
import { ActivationsConfig, AsDiscreteConfig } from "../transforms/index.ts";
import type { JsonObject } from "../utils/config.ts";
import { labelAt, supervisionWeights } from "./deep-supervision.ts";
import golden from "./golden/supervision.json" with { type: "json" };
import { modelFromDict, SegmentationModel } from "./index.ts";

let live = 0;
beforeEach(() => {
  live = torch.memory.live().tensors;
});
afterEach(() => {
  expect(torch.memory.live().tensors).toBe(live);
});

/** Gives what the image holds, as logits of two classes, at its size and at half of it; and what does not count, as the coarsest. */
class TwoSizes extends torch.nn.Module<[Tensor], Tensor[]> {
  readonly scale = new torch.nn.Conv3d(1, 2, 1, { bias: false });
  constructor() {
    super();
    using _grad = torch.noGrad();
    this.scale.weight.copy_(torch.tensor([-1, 1]).reshape([2, 1, 1, 1, 1]));
  }
  override forward(x: Tensor): Tensor[] {
    const fine = this.scale.call(x);
    return [fine, torch.avgPool3d(fine, [2, 2, 2]), torch.fullLike(fine, Number.NaN)];
  }
}

const optimizer = new AdamConfig();
const image = (...values: number[]) => torch.tensor(values).reshape([1, 1, 2, 2, 2]);

describe("SegmentationModel", () => {
  it("learns from all outputs, each with the mask at its size; the coarser count half as much", () => {
    using _scope = torch.scope();
    using model = new SegmentationModel({ network: new TwoSizes(), loss: new CrossEntropyLossConfig(), optimizer });
    const x = image(1, 2, 3, 4, -1, -2, -3, -5);
    const mask = image(1, 1, 1, 1, 0, 0, 0, 1);
    using batch = new TestBatch({ image: x.clone(), label: mask.clone() });
    const loss = model.forwardStep(batch).item() as number;
    // the cross-entropy of the logits (-v, v); of 2 voxels along an axis, the nearest to the middle is the second
    const entropy = (value: number, label: number) => Math.log1p(Math.exp(label === 1 ? -2 * value : 2 * value));
    const values = x.flatten().toArray() as number[];
    const labels = mask.flatten().toArray() as number[];
    const fine = values.reduce((sum, value, i) => sum + entropy(value, labels[i]!), 0) / 8;
    const coarse = entropy(values.reduce((a, b) => a + b, 0) / 8, 1);
    expect(loss).toBeCloseTo((2 * fine + coarse) / 3, 5);
    expect(labelAt(mask, [1, 1, 1]).item()).toBe(1);
    expect(supervisionWeights(1)).toEqual([1]);
    const weights: Readonly<Record<string, number[]>> = golden;
    expect(Object.keys(weights)).toEqual(["2", "3", "4", "5", "6"]);
    for (const [outputs, expected] of Object.entries(weights)) {
      supervisionWeights(Number(outputs)).forEach((weight, k) => {
        expect(weight).toBeCloseTo(expected[k]!, 15);
      });
    }
  });

  it("has the gradient of all outputs, and that of one where there is one", () => {
    using _scope = torch.scope();
    const gradient = (network: TwoSizes) => {
      using model = new SegmentationModel({ network, loss: new CrossEntropyLossConfig(), optimizer });
      using batch = new TestBatch({ image: image(1, 2, 3, 4, -1, -2, -3, -5), label: image(1, 1, 1, 1, 0, 0, 0, 1) });
      model.backwardStep(model.forwardStep(batch));
      return network.scale.weight.grad!.flatten().toArray();
    };
    class FineOnly extends TwoSizes {
      override forward(x: Tensor): Tensor[] {
        return super.forward(x).slice(0, 1);
      }
    }
    expect(gradient(new TwoSizes())).not.toEqual(gradient(new FineOnly()));
  });

  it("evaluates the finest output, and decides: the likeliest class", () => {
    using _scope = torch.scope();
    using model = new SegmentationModel({
      network: new TwoSizes(),
      loss: new CrossEntropyLossConfig(),
      optimizer,
      inferer: new PatchesToImageInferer({ patchSize: 2 }),
    });
    model.eval();
    using batch = new TestBatch({ image: image(1, 2, 3, 4, -1, -2, -3, -5), label: image(1, 1, 1, 1, 0, 0, 0, 1) });
    const evaluated = torch.noGrad(() => model.evaluationStep(batch));
    expect(evaluated.getField("output").shape).toEqual([1, 2, 2, 2, 2]);
    const decided = evaluated.getField("segmentation");
    expect(decided.shape).toEqual([1, 1, 2, 2, 2]);
    expect(decided.dtype).toBe("uint8");
    expect(decided.flatten().toArray()).toEqual([1, 1, 1, 1, 0, 0, 0, 0]);
  });

  it("decides for each class by itself with a sigmoid", () => {
    using _scope = torch.scope();
    const label = torch.zeros([1, 2, 2, 2, 2]);
    using model = new SegmentationModel({
      network: new TwoSizes(),
      loss: new BCEWithLogitsLossConfig(),
      optimizer,
      activation: "sigmoid",
    });
    model.eval();
    using batch = new TestBatch({ image: image(1, 2, 3, 4, -1, 0, -3, -5), label });
    const decided = torch.noGrad(() => model.evaluationStep(batch)).getField("segmentation");
    expect(decided.flatten(2).toArray()).toEqual([
      [
        [0, 0, 0, 0, 1, 0, 1, 1],
        [1, 1, 1, 1, 0, 0, 0, 0],
      ],
    ]);
    // masks of several channels become coarser, too
    expect(model.forwardStep(batch).item()).toBeGreaterThan(0);
  });

  it("decides alike where the inferer makes probabilities of the logits, or decides, whatever it averages", () => {
    using _scope = torch.scope();
    const include = ["output"];
    const sigmoid = new ActivationsConfig({ include, sigmoid: true });
    const inferers = [
      new SimpleInferer(),
      new SimpleInferer({ postprocessing: [sigmoid] }),
      new SimpleInferer({ postprocessing: [sigmoid, new AsDiscreteConfig({ include, threshold: 0.51 })] }),
      new TestTimeAugmentation({ inferer: new SimpleInferer({ postprocessing: [sigmoid] }), mirrorAxes: [0] }),
    ];
    const decided = inferers.map((inferer) => {
      using model = new SegmentationModel({
        network: new TwoSizes(),
        loss: new BCEWithLogitsLossConfig(),
        optimizer,
        activation: "sigmoid",
        inferer,
      });
      model.eval();
      using batch = new Batch([point([1, 1, 4, 4, 4], 1)]);
      return torch
        .noGrad(() => model.evaluationStep(batch))
        .getField("segmentation")
        .toNumbers();
    });
    expect(new Set(decided[0])).toEqual(new Set([0, 1]));
    for (const other of decided.slice(1)) expect(other).toEqual(decided[0]);
  });

  it("numbers as many classes as there are", () => {
    using _scope = torch.scope();
    const network = new torch.nn.Conv3d(1, 300, 1);
    {
      using _grad = torch.noGrad();
      network.weight.zero_();
      network.bias?.copy_(torch.arange(300, { dtype: "float32" }));
    }
    using model = new SegmentationModel({ network, loss: new CrossEntropyLossConfig(), optimizer });
    model.eval();
    using batch = new Batch([point([1, 1, 2, 2, 2])]);
    const decided = torch.noGrad(() => model.evaluationStep(batch)).getField("segmentation");
    expect(new Set(decided.toNumbers())).toEqual(new Set([299]));
  });

  it("refuses one channel with a softmax, whose likeliest class is always 0: of a config, a network, and an inferer", () => {
    using _scope = torch.scope();
    const loss = new DiceLossConfig({ sigmoid: true });
    const network = new UNetConfig({ spatialDims: 3, inChannels: 1, outChannels: 1, channels: [2, 4] });
    const message = /one channel.*always class 0. Take activation: "sigmoid"/;
    expect(() => new SegmentationModel({ network, loss, optimizer })).toThrow(message);
    new SegmentationModel({ network, loss, optimizer, activation: "sigmoid" }).dispose();
    using model = new SegmentationModel({ network: new torch.nn.Conv3d(1, 1, 1), loss, optimizer });
    using batch = new TestBatch({ image: image(1, 2, 3, 4, -1, -2, -3, -5), label: image(1, 1, 1, 1, 0, 0, 0, 1) });
    expect(() => model.forwardStep(batch)).toThrow(message);
    const argmax = new AsDiscreteConfig({ include: ["output"], argmax: true });
    using other = new SegmentationModel({
      network: new TwoSizes(),
      loss: new CrossEntropyLossConfig(),
      optimizer,
      inferer: new SimpleInferer({ postprocessing: [argmax] }),
    });
    using samples = new Batch([point([1, 1, 4, 4, 4], 1)]);
    expect(() => torch.noGrad(() => other.evaluationStep(samples))).toThrow(/SimpleInferer gives one channel/);
  });

  it("goes to JSON and back, and is checked", () => {
    using _scope = torch.scope();
    const options = {
      network: new UNetConfig({ spatialDims: 3, inChannels: 1, outChannels: 4, channels: [2, 4] }),
      loss: new DiceLossConfig({ softmax: true, toOnehotY: true }),
      optimizer,
      labelKey: "tissues",
    };
    using model = new SegmentationModel({ ...options, activation: "sigmoid" });
    const dict = model.toDict();
    expect(Object.keys(dict)).toEqual(["name_", "network", "loss", "optimizer", "inferer", "label_key", "activation"]);
    expect(dict).toMatchObject({ name_: "SegmentationModel", network: { name_: "UNet" }, activation: "sigmoid" });
    using again = modelFromDict(JSON.parse(JSON.stringify(dict)) as JsonObject);
    expect(again).toBeInstanceOf(SegmentationModel);
    expect(again.toDict()).toEqual(dict);
    expect(model.addedFields).toEqual(["output", "segmentation"]);
    // the indices of a mask are checked before training
    expect(model.neededFields()).toMatchObject([{ field: "tissues", accepted: { max: 3 } }]);
    expect(() => new SegmentationModel({ ...options, activation: "softmx" as never })).toThrow(
      /'activation' got .softmx.\. Expected "softmax" or "sigmoid"/,
    );
    expect(() => labelAt(torch.zeros([1, 4]), [2, 2])).toThrow(/shape \(1, 4\) cannot be compared/);
  });
});
