/** Held to what ClinicaDL 2.0.0 refuses: test/golden/structures_golden.py. */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { expectNothingLeft } from "../../torch/fixtures/nothing-left.ts";
import * as torch from "../../torch/index.ts";
import { ConfigError, ImageError } from "../../utils/exceptions.ts";
import { makeCohort } from "../fixtures/cohort.ts";
import { DataPoint, LabelMap, ScalarImage } from "../structures/index.ts";
import { BidsDataset, ConcatDataset, SPATIAL_CHECKS } from "./index.ts";
import { SpatialChecker, spatialChecks } from "./spatial-checks.ts";

interface Place {
  readonly shape?: readonly number[];
  readonly zoom?: number;
  readonly offset?: number;
}
interface Golden {
  readonly defaults: readonly string[];
  readonly spatial: readonly {
    readonly differs: string;
    readonly image: Place;
    readonly mask: Place;
    readonly passes: Readonly<Record<string, boolean>>;
  }[];
}
const golden: Golden = JSON.parse(
  readFileSync(new URL("../structures/golden/structures.json", import.meta.url), "utf8"),
);

expectNothingLeft();

function point(image: Place, mask: Place): DataPoint {
  const tensor = ({ shape = [2, 3, 2] }: Place): torch.Tensor => torch.zeros([1, ...shape]);
  const affine = ({ zoom = 2, offset = 0 }: Place) => [zoom, 0, 0, offset, 0, 3, 0, 0, 0, 0, 1.5, 0, 0, 0, 0, 1];
  return new DataPoint({
    participantId: "sub-001",
    sessionId: "ses-M000",
    image: new ScalarImage(tensor(image), affine(image)),
    images: { seg: new LabelMap(tensor(mask), affine(mask)) },
  });
}

describe("spatial checks, as the original's", () => {
  const cases = golden.spatial.flatMap(({ passes, ...point }) =>
    Object.entries(passes).map(([check, expected]) => ({ ...point, check, expected })),
  );
  it.each(cases)("$check passes where $differs differs: $expected", ({ image, mask, check, expected }) => {
    const given = check === "default" ? SPATIAL_CHECKS : check === "none" ? null : [check];
    const checker = new SpatialChecker(spatialChecks("here", given));
    using first = point({}, {});
    using second = point(image, mask);
    checker.check(first);
    if (expected) expect(() => checker.check(second)).not.toThrow();
    else {
      expect(() => checker.check(second)).toThrow(ImageError);
      expect(() => checker.check(second)).toThrow(/out of the spatial checks if that does not matter/);
    }
  });
  it("are by default the original's, and have no other names", () => {
    expect(SPATIAL_CHECKS).toEqual(golden.defaults);
    expect(() => spatialChecks("here", ["volume"])).toThrow(ConfigError);
  });
});

it("the sanity check of a ConcatDataset compares the samples of its datasets with each other", async () => {
  using one = makeCohort(1);
  using other = makeCohort(1, [2, 2, 2]);
  const [a, b] = [one, other].map(
    ({ root, rows }) => new BidsDataset({ bids: root, fileType: { dataType: "anat", suffix: "T1w" }, data: rows }),
  );
  const dataset = new ConcatDataset([a!, b!]);
  await dataset.sanityCheck();
  await b!.sanityCheck(["global_shape"]);
  await expect(dataset.sanityCheck(["global_shape"])).rejects.toThrow(/has the shape 2×2×2, and .* the shape 4×5×6/);
  a!.clearCache();
  b!.clearCache();
});
