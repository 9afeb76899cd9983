/** Reads images and prints how long each took, as JSON. usage: decode.ts SETTINGS */
import process from "node:process";
import { readNiftiTensor } from "clinicadl/io/nifti";
import * as torch from "clinicadl/torch";

const { paths, times } = JSON.parse(process.argv[2] ?? "{}") as { paths: string[]; times: number };
torch.setNumThreads(1);
const seconds = paths.map((path) => {
  const taken: number[] = [];
  // the first warms up
  for (let i = 0; i <= times; i++) {
    const begin = performance.now();
    using _ = torch.scope();
    readNiftiTensor(path);
    if (i > 0) taken.push((performance.now() - begin) / 1000);
  }
  return taken;
});
process.stdout.write(`${JSON.stringify({ seconds, inflater: torch.decoding.inflater() })}\n`);
