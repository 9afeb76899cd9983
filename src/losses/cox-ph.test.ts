import { describe, expect, it } from "vitest";
import * as torch from "../torch/index.ts";
import { compareLoss } from "./fixtures/golden.ts";
import { acceptedTargets, accepts, CoxPHLossConfig, callLossUnreduced, prepareTarget } from "./index.ts";

compareLoss("CoxPHLoss");

describe("CoxPHLoss", () => {
  it("refuses shapes, events and times that it does not take", () => {
    using _scope = torch.scope();
    using loss = new CoxPHLossConfig().getObject();
    expect(() => loss.call(torch.rand([3, 2]), torch.ones([3, 1]))).toThrow(/one number per sample/);
    expect(() => loss.call(torch.rand([3, 1]), torch.ones([3, 3]))).toThrow(/time and event/);
    const swapped = torch.tensor([
      [1, 12],
      [0, 6],
    ]);
    expect(() => loss.call(torch.rand([2, 1]), swapped)).toThrow(/has the value 12.*time is the first column/);
    expect(acceptedTargets(loss, 1)).toMatchObject({ integer: false, nan: false });
    const unknown = torch.tensor([[Number.NaN], [1]]);
    expect(() => prepareTarget(loss, torch.rand([2, 1]), unknown)).toThrow(/Leave out samples/);
  });
  it("refuses a time of 0 in one column, which could be an event or the end of observation", () => {
    using _scope = torch.scope();
    using loss = new CoxPHLossConfig().getObject();
    const risk = torch.rand([2, 1]);
    for (const zero of [0, -0]) {
      for (const dtype of ["float64", "int64"] as const) {
        const one = torch.tensor([[zero], [3]], { dtype });
        expect(() => prepareTarget(loss, risk, one)).toThrow(
          /'target' is -?0\. CoxPHLoss takes times.*below all others/,
        );
        expect(() => prepareTarget(loss, risk, one.squeeze(1))).toThrow(/CoxPHLoss takes times/);
      }
    }
    const rule = acceptedTargets(loss, 1);
    expect(rule !== null && [0, -0, -3, 5].map((time) => accepts(rule, time))).toEqual([false, false, true, true]);
    const two = torch.tensor([
      [0, 0],
      [3, 1],
    ]);
    expect(prepareTarget(loss, risk, two).shape).toEqual([2, 2]);
  });
  it("takes one column, negative where censored, for the two", () => {
    using _scope = torch.scope();
    using loss = new CoxPHLossConfig().getObject();
    const risk = torch.tensor([[0.3], [-1], [2], [0]]);
    const two = torch.tensor([
      [3, 1],
      [5, 0],
      [3, 1],
      [7, 1],
    ]);
    const one = torch.tensor([[3], [-5], [3], [7]]);
    expect(loss.call(risk, one).item()).toBe(loss.call(risk, two).item());
    expect(loss.call(risk, one.squeeze(1)).item()).toBe(loss.call(risk, two).item());
  });
  it("is 0 without an event, with gradients that are 0", () => {
    using _scope = torch.scope();
    using loss = new CoxPHLossConfig().getObject();
    const risk = torch.tensor([[0.3], [-1]]).requiresGrad_();
    const value = loss.call(risk, torch.tensor([[-3], [-5]]));
    value.backward();
    expect(value.item()).toBeCloseTo(0);
    expect(risk.grad?.flatten().toNumbers().map(Math.abs)).toEqual([0, 0]);
  });
  it("is finite where exponentials are not", () => {
    using _scope = torch.scope();
    using loss = new CoxPHLossConfig().getObject();
    const risk = torch.tensor([[200], [-200]]).requiresGrad_();
    const value = loss.call(risk, torch.tensor([[3], [3]]));
    value.backward();
    // of two events at once, the first is compared with e^200 + e^-200, the second with half of it
    expect(value.item()).toBeCloseTo((400 - Math.log(2)) / 2, 4);
    expect(risk.grad?.flatten().toNumbers()).toEqual([0.5, -0.5]);
  });
  it.each(["efron", "breslow"] as const)("is, of many samples, what it is with all pairs of them: %s", (ties) => {
    using _scope = torch.scope();
    torch.manualSeed(1);
    using loss = new CoxPHLossConfig({ ties }).getObject();
    const n = 300;
    const risk = torch.randn([n, 1], { dtype: "float64" }).mul(3).detach().requiresGrad_();
    // many events at one time, some of them censored
    const time = torch.randint(1, 60, [n], { dtype: "float64" });
    const event = torch.rand([n]).gt(0.4).to({ dtype: "float64" });
    const value = loss.call(risk, torch.stack([time, event], 1));
    const [gradient] = torch.autograd.grad(value, risk);
    const there = time.unsqueeze(0).ge(time.unsqueeze(1)).to({ dtype: "float64" });
    const tied = time.unsqueeze(0).eq(time.unsqueeze(1)).mul(event);
    const gone = tied.mul(
      tied
        .tril(-1)
        .sum([1], true)
        .div(tied.sum([1], true).clampMin(1)),
    );
    const weights = ties === "breslow" ? there : there.sub(gone);
    const sums = risk.flatten().unsqueeze(0).add(weights.log()).logsumexp([1]);
    const expected = risk.flatten().sub(sums).mul(event).sum().neg().div(event.sum());
    const [expectedGradient] = torch.autograd.grad(expected, risk);
    expect(Math.abs(value.item() / expected.item() - 1)).toBeLessThan(1e-12);
    expect(
      (gradient as torch.Tensor)
        .sub(expectedGradient as torch.Tensor)
        .abs()
        .max()
        .item(),
    ).toBeLessThan(1e-12);
  });
  it("gives one number unreduced", () => {
    using _scope = torch.scope();
    using loss = new CoxPHLossConfig().getObject();
    expect(callLossUnreduced(loss, torch.rand([4, 1]), torch.ones([4, 1])).shape).toEqual([]);
  });
});
