import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import * as torch from "../torch/index.ts";
import { ConfigError, DataFrameError } from "../utils/exceptions.ts";
import { callLoss, type LossModule, prepareTarget, type TargetSource } from "./index.ts";

const { nn } = torch;
let live = 0;
beforeEach(() => {
  live = torch.memory.live().tensors;
});
afterEach(() => {
  vi.restoreAllMocks();
  expect(torch.memory.live().tensors).toBe(live);
});

const source: TargetSource = {
  field: "label",
  participants: [1, 2, 3].map((i) => ({ participantId: `sub-00${i}`, sessionId: "ses-M000" })),
};
const three = (values: readonly number[]) =>
  torch.tensor(
    values.map((value) => [value]),
    { dtype: "float64" },
  );
const log3 = () => torch.randn([3, 3]).logSoftmax(1);

describe("a target of the wrong kind is refused, with participants, values and the remedy", () => {
  type Loss = LossModule;
  it.each<[string, () => Loss, () => torch.Tensor, readonly number[], RegExp]>([
    [
      "half a class",
      () => new nn.CrossEntropyLoss(),
      log3,
      [0, 0.5, 1],
      /\(sub-002, ses-M000\): 'label' is 0\.5\. CrossEntropyLoss takes class indices: integers from 0 to 2.*Number the classes from 0/,
    ],
    [
      "ages as classes",
      () => new nn.CrossEntropyLoss(),
      log3,
      [71.5, 64, 80.25],
      /\(sub-001, ses-M000\): 'label' is 71\.5; \(sub-002, ses-M000\): 'label' is 64; /,
    ],
    ["a class below 0", () => new nn.CrossEntropyLoss(), log3, [0, -1, 2], /'label' is -1/],
    [
      "a class above the last",
      () => new nn.NLLLoss(),
      log3,
      [0, 3, 2],
      /'label' is 3\. NLLLoss takes .* since the network gives 3 values/,
    ],
    ["NaN as a class", () => new nn.NLLLoss(), log3, [0, Number.NaN, 2], /'label' is NaN/],
    [
      "1, 2 and 3 as classes",
      () => new nn.MultiMarginLoss(),
      log3,
      [1, 2, 3],
      /\(sub-003, ses-M000\): 'label' is 3\. MultiMarginLoss/,
    ],
    ["an ignored index where there is none", () => new nn.MultiMarginLoss(), log3, [0, -100, 2], /'label' is -100/],
    [
      "labels 1 and 2",
      () => new nn.BCEWithLogitsLoss(),
      () => torch.zeros([3, 1]),
      [1, 2, 1],
      /'label' is 2\. BCEWithLogitsLoss takes targets between 0 and 1\. Code two classes as 0 and 1/,
    ],
    ["labels -1 and 1", () => new nn.BCEWithLogitsLoss(), () => torch.zeros([3, 1]), [1, -1, 1], /'label' is -1/],
    ["intensities", () => new nn.BCELoss(), () => torch.full([3, 1], 0.5), [0, 1, 255], /'label' is 255\. BCELoss/],
    [
      "no probabilities",
      () => new nn.KLDivLoss(),
      () => torch.full([3, 1], -1),
      [0, 1.5, 1],
      /'label' is 1\.5\. KLDivLoss takes probabilities/,
    ],
    [
      "probabilities for logarithms",
      () => new nn.KLDivLoss({ logTarget: true }),
      () => torch.full([3, 1], -1),
      [-1, 0.5, -2],
      /'label' is 0\.5\. KLDivLoss takes logarithms/,
    ],
  ])("%s", (_, make, output, target, message) => {
    using _scope = torch.scope();
    const prepare = () => prepareTarget(make(), output(), three(target), source);
    expect(prepare).toThrow(message);
    expect(prepare).toThrow(DataFrameError);
  });

  it("class probabilities outside 0 and 1", () => {
    using _scope = torch.scope();
    const loss = new nn.CrossEntropyLoss();
    const target = torch.tensor([
      [0, 1, 0],
      [2, -1, 0],
      [1, 0, 0],
    ]);
    expect(() => prepareTarget(loss, log3(), target, source)).toThrow(/\(sub-002, ses-M000\): 'label' is 2, -1\./);
  });

  it("a voxel of a mask, of integers or of floats", () => {
    using _scope = torch.scope();
    const loss = new nn.CrossEntropyLoss();
    for (const dtype of ["int16", "float32"] as const) {
      const mask = torch.zeros([3, 1, 4, 4, 4], { dtype });
      mask.select(0, 1).fill_(7);
      expect(() => prepareTarget(loss, torch.randn([3, 2, 4, 4, 4]), mask, { ...source, field: "mask" })).toThrow(
        /^\(sub-002, ses-M000\): 'mask' is 7\. /,
      );
    }
  });

  it("on the CPU, before it goes to another device", () => {
    using _scope = torch.scope();
    const loss = new nn.CrossEntropyLoss();
    const values = three([0, 0.5, 1]);
    const elsewhere = { output: torch.zeros([3, 3], { device: "meta" }), target: values.to({ device: "meta" }) };
    for (let i = 0; i < 2; i++) {
      expect(() => prepareTarget(loss, elsewhere.output, elsewhere.target, { ...source, values })).toThrow(
        /'label' is 0\.5/,
      );
    }
    const right = { ...source, values: three([0, 2, 1]) };
    expect(prepareTarget(loss, elsewhere.output, elsewhere.target, right).device).toBe("meta");
  });

  it("of many samples, the first are named", () => {
    using _scope = torch.scope();
    const loss = new nn.BCEWithLogitsLoss();
    const target = torch.full([8, 1], 2);
    expect(() => prepareTarget(loss, torch.zeros([8, 1]), target, source)).toThrow(/; and 3 more\. BCE/);
  });
});

describe("a target of the right kind passes", () => {
  it.each<[string, () => LossModule, () => torch.Tensor, readonly number[]]>([
    ["class indices as floats", () => new nn.CrossEntropyLoss(), log3, [0, 1, 2]],
    ["ignored targets", () => new nn.CrossEntropyLoss(), log3, [0, -100, 2]],
    ["another ignored index", () => new nn.NLLLoss({ ignoreIndex: 255 }), log3, [0, 255, 2]],
    ["soft labels", () => new nn.BCEWithLogitsLoss(), () => torch.zeros([3, 1]), [0.1, 0.5, 1]],
    ["any quantity", () => new nn.MSELoss(), () => torch.zeros([3, 1]), [-71.5, 2e6, 0]],
  ])("%s", (_, make, output, target) => {
    using _scope = torch.scope();
    const [loss, out] = [make(), output()];
    expect(callLoss(loss, out, prepareTarget(loss, out, three(target), source)).item()).toBeGreaterThan(0);
  });

  it("booleans, and whatever a loss of one's own takes", () => {
    using _scope = torch.scope();
    const target = torch.tensor([true, false, true]).unsqueeze(1);
    expect(prepareTarget(new nn.BCEWithLogitsLoss(), torch.zeros([3, 1]), target, source).toArray()).toEqual([
      [1],
      [0],
      [1],
    ]);
    class Hinge extends nn.BCEWithLogitsLoss {
      override forward(input: torch.Tensor, y: torch.Tensor): torch.Tensor {
        return input.mul(y).neg().add(1).relu().mean();
      }
    }
    expect(prepareTarget(new Hinge(), torch.zeros([3, 1]), three([1, -1, 1]), source).dtype).toBe("float32");
  });
});

describe("what does not go with the output is refused", () => {
  const weight = (values: number[]) => torch.tensor(values);
  it.each<[string, () => LossModule, () => torch.Tensor, () => torch.Tensor, RegExp]>([
    [
      "one output for the cross-entropy",
      () => new nn.CrossEntropyLoss(),
      () => torch.zeros([3, 1]),
      () => three([0, 1, 0]),
      /the loss is 0 whatever it is.*one output per class/,
    ],
    [
      "two weights for three classes",
      () => new nn.CrossEntropyLoss({ weight: weight([1, 2]) }),
      log3,
      () => three([0, 1, 0]),
      /'weight' has 2 values, and the output has 3 classes/,
    ],
    [
      "three weights for one output",
      () => new nn.BCEWithLogitsLoss({ posWeight: weight([1, 2, 3]) }),
      () => torch.zeros([3, 1]),
      () => three([0, 1, 0]),
      /'posWeight' has the shape \(3\).*in the shape \(1\)/,
    ],
    [
      "weights along an axis of the image",
      () => new nn.BCEWithLogitsLoss({ posWeight: weight([1, 2]) }),
      () => torch.zeros([3, 2, 2, 2]),
      () => torch.zeros([3, 2, 2, 2]),
      /in the shape \(2, 1, 1\)/,
    ],
    [
      "three outputs for one quantity",
      () => new nn.MSELoss(),
      log3,
      () => three([0, 1, 0]),
      /output has the shape \(3, 3\), and 'label' gives a target of shape \(3, 1\); \(3, 3\) is needed \(sub-001 ses-M000/,
    ],
    [
      "(N) against (N, 1)",
      () => new nn.L1Loss(),
      () => torch.zeros([3]),
      () => three([0, 1, 0]),
      /\(3\), and 'label' gives a target of shape \(3, 1\)/,
    ],
    [
      "a mask of another size",
      () => new nn.CrossEntropyLoss(),
      () => torch.zeros([3, 2, 4, 4]),
      () => torch.zeros([3, 1, 4, 5]),
      /target of shape \(3, 4, 5\); \(3, 4, 4\) is needed/,
    ],
    [
      "scores for BCELoss",
      () => new nn.BCELoss(),
      () => torch.full([3, 1], 1.5),
      () => three([0, 1, 0]),
      /BCELoss takes probabilities.*goes from 1\.5 to 1\.5.*BCEWithLogitsLossConfig/,
    ],
  ])("%s", (_, make, output, target, message) => {
    using _scope = torch.scope();
    const loss = make();
    const prepare = () => prepareTarget(loss, output(), target(), source);
    expect(prepare).toThrow(message);
    // the outputs of a loss are looked at once
    if (!(loss instanceof nn.BCELoss)) expect(prepare).toThrow(ConfigError);
    loss.dispose();
  });

  it("but scores in the place of logarithms are warned of once, since they may be meant", () => {
    using _scope = torch.scope();
    const write = vi.spyOn(process.stderr, "write").mockReturnValue(true);
    const loss = new nn.NLLLoss();
    for (let i = 0; i < 2; i++) prepareTarget(loss, torch.ones([3, 3]), three([0, 1, 2]), source);
    expect(write.mock.calls.map(String)).toEqual([
      expect.stringMatching(/NLLLoss takes logarithms.*from 1 to 1.*CrossEntropyLossConfig/),
    ]);
  });
});
