import { expect, it } from "vitest";
import * as torch from "../../torch/index.ts";
import { compareOutput, pointWith, transformed } from "../fixtures/outputs.ts";
import { Rng, SobelGradientsConfig } from "../index.ts";

compareOutput("SobelGradients", { share: 1e-6 });

it("of whole numbers is float32; options that do not go together are errors", () => {
  const live = torch.memory.live();
  {
    using _scope = torch.scope();
    const ramp = torch.arange(5, { dtype: "int64" }).reshape([1, 1, 5]).expand([1, 5, 5]);
    const slope = transformed(new SobelGradientsConfig({ include: ["output"], spatialAxes: 1 }), ramp);
    expect(slope.dtype).toBe("float32");
    expect(slope.select(1, 2).toNumbers()).toEqual([0, 1, 1, 1, 0]);
    const apply = (shape: number[], options: object) => () =>
      new SobelGradientsConfig({ include: ["output"], ...options })
        .getObject()
        .apply(pointWith(torch.ones(shape)), new Rng(0));
    expect(apply([1, 5, 5], { spatialAxes: 2 })).toThrow(/'output' of sub-1, ses-1 has 2 spatial.*names 2/);
    expect(apply([1, 5, 1], {})).toThrow(/5×1 voxels.*"reflect" needs 2/);
    expect(apply([1, 5, 1], { paddingMode: "zeros" })).not.toThrow();
    expect(() => new SobelGradientsConfig({ kernelSize: 4 })).toThrow(/odd/);
    expect(() => new SobelGradientsConfig({ kernelSize: 1 })).toThrow(/kernelSize/);
    expect(() => new SobelGradientsConfig({ dtype: "int32" })).toThrow(/'dtype' got int32/);
    expect(new SobelGradientsConfig({ dtype: "int32", normalizeKernels: false }).toDict().dtype).toBe("torch.int32");
  }
  expect(torch.memory.live()).toEqual(live);
});
