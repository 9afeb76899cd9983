import { describe, expect, it } from "vitest";
import { PatchesToImageInferer, SimpleInferer, SlicesToImageInferer } from "../../infer/index.ts";
import { readTsv } from "../../io/tsv/index.ts";
import { ReconstructionModel } from "../../models/index.ts";
import * as torch from "../../torch/index.ts";
import { computational, final, resultsOf, toyLoader, translator } from "../fixtures/saved.ts";
import { savedForEachTest } from "../fixtures/saved-for-each.ts";
import { Trainer } from "../trainer.ts";

const saved = savedForEachTest();

/** Of single voxels: windows and slices cannot change what it gives. */
const voxelwise = (): torch.nn.Module => new torch.nn.Conv3d(1, 1, 1);
const slicewise = (): torch.nn.Module => new torch.nn.Conv2d(1, 1, 1);

describe.each([
  ["patches", new PatchesToImageInferer({ patchSize: 3, outputType: "image", avgMode: "gaussian" }), voxelwise],
  ["slices", new SlicesToImageInferer({ sliceDirection: 2, batchSize: 3, outputType: "image" }), slicewise],
] as const)("an inferer of %s", (_, inferer, network) => {
  it("tests and predicts, also from a MAPS that is opened again", async () => {
    const trainer = saved.make(translator(1, inferer, network()));
    const dataloader = toyLoader([30, 31]);
    await trainer.test({ modelCheckpoint: "split-0_final", groupName: "new", dataloader, computational });
    const results = trainer.maps.test.group("new").results(0, "final");
    // the mean of squares over all voxels, computed here
    const { network: net } = trainer.model as ReconstructionModel;
    let expected = 0;
    for (const i of [0, 1]) {
      using sample = await dataloader.dataset.get(i);
      using scope = torch.scope();
      using _grad = torch.noGrad();
      const image = sample.getImageTensor("image").unsqueeze(0);
      const [weight, bias] = [...net.parameters()].map((parameter) => parameter.item());
      const output = image.mul(weight ?? 0).add(bias ?? 0);
      expected += output.sub(image).square().mean().item() / 2;
      scope.end();
    }
    const [row = {}] = readTsv(results.metrics.aggregatedTsv);
    expect(Number(row.loss)).toBeCloseTo(expected, 4);

    await trainer.predict({ ...final, dataloader });
    expect(readTsv(resultsOf(trainer).outputTsv).map((r) => r.output)).toEqual([
      "images/sub-30_ses-M000_output.nii.gz",
      "images/sub-31_ses-M000_output.nii.gz",
    ]);

    // a network passed itself is recorded by its name: it is passed again
    using again = await Trainer.fromMaps(trainer.maps.path, { model: translator(1, inferer, network()) });
    await again.predict({ ...final, dataloader, overwrite: true });
    const dict = trainer.model.toDict() as { inferer: never };
    const model = translator(1, new SimpleInferer(), network());
    const read = ReconstructionModel.fromDict({ ...(model.toDict() as object), inferer: dict.inferer } as never, {
      network: model.network,
      loss: model.loss,
    });
    expect(read.inferer).toEqual(inferer);
    expect(read.addedFields).toEqual(["output"]);
    model.dispose();
  });
});
