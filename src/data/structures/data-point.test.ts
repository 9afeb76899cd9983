import { describe, expect, it } from "vitest";
import { expectNothingLeft } from "../../torch/fixtures/nothing-left.ts";
import * as torch from "../../torch/index.ts";
import { DataPoint, LabelMap, Sample2D, ScalarImage } from "./index.ts";

expectNothingLeft();

function point(): DataPoint {
  return new DataPoint({
    image: new ScalarImage(torch.zeros([1, 2, 2, 2])),
    images: { other: new ScalarImage(torch.zeros([1, 2, 2, 2])), seg: new LabelMap(torch.ones([1, 2, 2, 2])) },
    fields: { age: 60 },
    participantId: "sub-001",
    sessionId: "ses-M000",
  });
}

describe("DataPoint", () => {
  it("gives its images, masks and other values by name", () => {
    using data = point();
    expect(Object.keys(data.getImagesDict())).toEqual(["image", "other"]);
    expect(Object.keys(data.getImagesDict({ intensityOnly: false, exclude: ["other"] }))).toEqual(["image", "seg"]);
    expect(data.getMasksDict()).toEqual({ seg: data.getImage("seg") });
    expect(data.getMasksDict({ include: ["brain"] })).toEqual({});
    expect(data.getNonImagesDict()).toEqual({ participant_id: "sub-001", session_id: "ses-M000", age: 60 });
    expect(data.getNonImagesDict({ exclude: ["participant_id", "session_id"] })).toEqual({ age: 60 });
    expect(data.getKeys().sort()).toEqual(["age", "image", "other", "participant_id", "seg", "session_id"]);
    expect(data.getKeys({ include: ["age", "seg"] })).toEqual(["seg", "age"]);
    expect(() => data.getKeys({ only: ["age"] } as never)).toThrow(/only/);
  });
  it("takes images and masks in the place of its image, and gives them back", () => {
    using data = point();
    data.addImage("third", torch.zeros([1, 2, 2, 2]));
    data.addMask("brain", torch.ones([1, 2, 2, 2]));
    expect(Object.keys(data.getMasksDict())).toEqual(["seg", "brain"]);
    data.removeImage("third");
    expect(data.images.has("third")).toBe(false);
    expect(() => data.removeImage("image")).toThrow(/main image cannot be removed/);
    data.images.get("other")?.dispose();
    data.addImage("other", new ScalarImage(torch.zeros([1, 3, 2, 2])));
    expect(() => data.spatialShape).toThrow(
      /\(sub-001, ses-M000\): 'image' has the spatial shape \[2, 2, 2\], 'other' has \[3, 2, 2\]/,
    );
  });
});

describe("Sample2D", () => {
  it("takes and gives squeezed images", () => {
    using slice = new Sample2D({
      image: new ScalarImage(torch.zeros([1, 2, 1, 3])),
      participantId: "sub-001",
      sessionId: "ses-M000",
      place: { sampleType: "slice", samplePosition: 4, sliceDirection: 1, squeeze: true },
    });
    using flat = torch.ones([1, 2, 3]);
    slice.addMask("seg", flat);
    expect(slice.getImage("seg").shape).toEqual([1, 2, 1, 3]);
    using tensor = slice.getImageTensor("seg");
    expect(tensor.shape).toEqual([1, 2, 3]);
  });
});
