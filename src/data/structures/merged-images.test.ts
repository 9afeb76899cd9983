import { expect, it } from "vitest";
import * as torch from "../../torch/index.ts";
import { MergeFieldsConfig, Rng } from "../../transforms/index.ts";
import { DataPoint, FieldError, LabelMap, ScalarImage } from "./index.ts";

it("takes the images that transforms make, of their kind", () => {
  const live = torch.memory.live();
  {
    using _scope = torch.scope();
    const affine = [2, 0, 0, 1, 0, 1, 0, 2, 0, 0, 1, 3, 0, 0, 0, 1];
    const point = new DataPoint({
      participantId: "sub-001",
      sessionId: "ses-M000",
      image: new ScalarImage(torch.ones([1, 2, 3, 4]), affine),
      images: {
        left: new LabelMap(torch.ones([1, 2, 3, 4]), affine),
        right: new LabelMap(torch.zeros([2, 2, 3, 4]), affine),
      },
      fields: { age: 55 },
    });
    const merge = (keys: string[], outputKey: string) =>
      new MergeFieldsConfig({ keys, outputKey }).getObject().apply(point, new Rng(0));
    merge(["left", "right"], "both");
    const both = point.getImage("both");
    expect(both).toBeInstanceOf(LabelMap);
    expect(both.shape).toEqual([3, 2, 3, 4]);
    expect([...both.affine]).toEqual(affine);
    merge(["image", "left"], "image");
    expect(point.image).toBeInstanceOf(ScalarImage);
    expect(point.shape).toEqual([2, 2, 3, 4]);
    merge(["age", "session_id"], "columns");
    expect(point.getField("columns")).toEqual([55, "ses-M000"]);
    expect(() => merge(["left", "right"], "age")).toThrow(FieldError);
    expect(() => merge(["age"], "session_id")).toThrow(/'session_id' cannot be changed/);
  }
  expect(torch.memory.live()).toEqual(live);
});
