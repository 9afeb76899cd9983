import { expect, it } from "vitest";
import { expectNothingLeft } from "../../torch/fixtures/nothing-left.ts";
import * as torch from "../../torch/index.ts";
import { ConfigError } from "../../utils/exceptions.ts";
import { DataPoint, ScalarImage } from "../structures/index.ts";
import { Batch } from "./index.ts";

expectNothingLeft();

function pointOf(index: number): DataPoint {
  const image = new ScalarImage(
    torch.fromTypedArray(Float32Array.from({ length: 48 }, (_, i) => i)).reshape([2, 2, 3, 4]),
  );
  return new DataPoint({ image, participantId: `sub-${index}`, sessionId: "ses-M000", fields: { age: 60 + index } });
}

it("a batch gives images with channels last in memory once it is told so, and the same numbers", () => {
  using _scope = torch.scope();
  const batch = new Batch([pointOf(0), pointOf(1)]);
  const before = batch.getField("image");
  expect([batch.channelsLast, before.isContiguous()]).toEqual([false, true]);
  batch.to({ channelsLast: true });
  const after = batch.copy().getField("image");
  expect([batch.channelsLast, after.isContiguous("channels_last_3d"), after.isContiguous()]).toEqual([
    true,
    true,
    false,
  ]);
  expect(after.contiguous().toTypedArray()).toEqual(before.toTypedArray());
  expect(batch.getField("age").shape).toEqual([2]);
  batch.to({ device: "cpu" });
  expect(batch.channelsLast).toBe(true);
  expect(batch.to({ channelsLast: false }).getField("image").isContiguous()).toBe(true);
  expect(() => batch.to({ channelLast: true } as never)).toThrow(ConfigError);
  expect(() => batch.to({ device: "gpu" })).toThrow(/Batch\.to: 'device' got 'gpu'\. Expected cpu, cuda/);
  // what was refused is not kept
  expect(batch.device).toBe("cpu");
});
