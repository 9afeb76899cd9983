/** Applies transforms to one image and its mask, and prints how long each took, as JSON. usage: transforms.ts SETTINGS */
import process from "node:process";
import { DataPoint, LabelMap, ScalarImage } from "clinicadl/data/structures";
import * as torch from "clinicadl/torch";
import { Rng, TransformsHandler } from "clinicadl/transforms";

interface Settings {
  readonly shape: readonly number[];
  /** How often each is done at least, and for how many seconds. */
  readonly times: number;
  readonly atLeast: number;
  readonly transforms: readonly { readonly name: string; readonly options: Readonly<Record<string, unknown>> }[];
}

const { shape, times, atLeast, transforms } = JSON.parse(process.argv[2] ?? "{}") as Settings;
const camel = (name: string): string => name.replaceAll(/_(\w)/g, (_, letter: string) => letter.toUpperCase());
torch.setNumThreads(1);
torch.manualSeed(0);
const voxels = torch
  .randn([1, ...shape])
  .mul(100)
  .add(600)
  .keep();
const mask = torch
  .rand([1, ...shape])
  .gt(0.4)
  .to({ dtype: "float32" })
  .keep();

const seconds = transforms.map(({ name, options }) => {
  const own = Object.fromEntries(Object.entries(options).map(([key, value]) => [camel(key), value]));
  if (Array.isArray(own.transforms)) own.transforms = own.transforms.map((part) => ({ name_: part }));
  if (Array.isArray(own.remapping)) own.remapping = Object.fromEntries(own.remapping);
  const handler = new TransformsHandler({ augmentations: [{ name_: name, ...own }] });
  const taken: number[] = [];
  const enough = performance.now() + atLeast * 1000;
  // the first warms up; what takes less than a millisecond is done again and again
  for (let i = 0; i <= times || performance.now() < enough; i++) {
    using _ = torch.scope();
    const point = new DataPoint({
      image: new ScalarImage(voxels.alias()),
      images: { brain: new LabelMap(mask.alias()) },
      participantId: "sub-01",
      sessionId: "ses-01",
    });
    const begin = performance.now();
    handler.applyAugmentations(point, new Rng(i));
    if (i > 0) taken.push((performance.now() - begin) / 1000);
  }
  return taken;
});
process.stdout.write(`${JSON.stringify({ seconds })}\n`);
