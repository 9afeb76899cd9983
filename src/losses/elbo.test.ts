import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { NestedArray } from "../torch/index.ts";
import * as torch from "../torch/index.ts";
import type { JsonObject } from "../utils/config.ts";
import { ELBOLossConfig } from "./index.ts";

interface Golden {
  readonly outputs: readonly [NestedArray, NestedArray, NestedArray];
  readonly target: NestedArray;
  readonly cases: readonly { options: JsonObject; value: number; grads: number[][] }[];
}
const golden: Golden = JSON.parse(readFileSync(new URL("golden/losses.json", import.meta.url), "utf8")).elbo;

describe("ELBOLoss", () => {
  it.each(golden.cases.map((one) => [JSON.stringify(one.options), one] as const))(
    "has the value and gradients that PyTorch's distributions give, %s",
    (_, one) => {
      const live = torch.memory.live().tensors;
      const config = ELBOLossConfig.fromOptions(one.options);
      expect(ELBOLossConfig.fromDict(JSON.parse(JSON.stringify(config.toDict()))).toDict()).toEqual(config.toDict());
      {
        using _scope = torch.scope();
        using loss = config.getObject();
        const leaf = (values: NestedArray) => torch.tensor(values, { dtype: "float64" }).requiresGrad_();
        const [image, mu, logVar] = golden.outputs;
        const outputs = [leaf(image), leaf(mu), leaf(logVar)] as const;
        const value = loss.call(outputs, torch.tensor(golden.target, { dtype: "float64" }));
        value.backward();
        // sums of 60 terms of about 1 in float64
        expect(Math.abs(value.item() - one.value)).toBeLessThan(1e-13 * Math.max(1, Math.abs(one.value)) * 10);
        outputs.forEach((x, i) => {
          const grad = x.grad?.flatten().toNumbers() ?? [];
          const wanted = one.grads[i] ?? [];
          expect(grad).toHaveLength(wanted.length);
          grad.forEach((found, k) => void expect(Math.abs(found - (wanted[k] ?? Number.NaN))).toBeLessThan(1e-12));
        });
      }
      expect(torch.memory.live().tensors).toBe(live);
    },
  );
  it("gives one value per sample unreduced, and 0 where there is nothing to lose", () => {
    using _scope = torch.scope();
    using loss = new ELBOLossConfig().getObject();
    loss.reduction = "none";
    const [images, latent] = [torch.rand([2, 1, 4]), torch.zeros([2, 3])];
    expect(loss.call([images, latent, latent], images).toArray()).toEqual([0, 0]);
  });
  it("refuses what no VAE gives, and shapes that do not go together", () => {
    using _scope = torch.scope();
    using loss = new ELBOLossConfig().getObject();
    const [images, latent] = [torch.rand([2, 1, 4]), torch.zeros([2, 3])];
    expect(() => loss.call(images, images)).toThrow(/three tensors that a VAE gives/);
    expect(() => loss.call([images, latent, latent], torch.rand([2, 1, 5]))).toThrow(/must be equal/);
    expect(() => loss.call([images, latent, torch.zeros([2, 1])], images)).toThrow(/must be equal/);
  });
});
