import { readFileSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Batch } from "../data/dataloader/index.ts";
import * as torch from "../torch/index.ts";
import type { JsonObject } from "../utils/config.ts";
import { network, point } from "./fixtures/images.ts";
import { infererRegistry } from "./index.ts";

interface Case {
  readonly inferer: JsonObject;
  readonly shape: readonly number[];
  readonly outputs: number;
  readonly stride: number;
  readonly squeezed: boolean;
  readonly output_shape: readonly number[];
  readonly data: readonly number[];
}

const cases = JSON.parse(readFileSync(new URL("golden/infer.json", import.meta.url), "utf8")) as Case[];

let live = torch.memory.live();
beforeEach(() => {
  live = torch.memory.live();
});
afterEach(() => expect(torch.memory.live()).toEqual(live));

describe("inferers give what those of ClinicaDL and MONAI give", () => {
  it.each(cases.map((c) => [`${c.inferer.name_} ${c.shape.join("×")} ${JSON.stringify(c.inferer)}`, c] as const))(
    "%s",
    (_, { inferer: written, shape, outputs, stride, squeezed, output_shape, data }) => {
      const inferer = infererRegistry.read("A case", "inferer", written);
      expect(inferer.toDict()).toEqual(written);
      const flat = squeezed || written.name_ === "SlicesToImageInferer";
      using net = network(flat ? 2 : 3, shape[1] ?? 1, outputs, stride);
      using batch = new Batch(Array.from({ length: shape[0] ?? 0 }, (_, i) => point(shape, i, squeezed)));
      using _scope = torch.scope();
      using _grad = torch.noGrad();
      const output = inferer.call(batch, net).getField("output");
      // the transform of a sample makes tensors that the scope owns
      for (const sample of batch) for (const tensor of sample.tensors()) tensor.keep();
      expect(output.shape).toEqual(output_shape);
      const values = Array.from(output.toTypedArray() as Float32Array);
      const largest = Math.max(...data.map(Math.abs));
      expect(Math.max(...values.map((value, i) => Math.abs(value - (data[i] ?? Number.NaN))))).toBeLessThan(
        1e-5 * largest,
      );
    },
  );
});
