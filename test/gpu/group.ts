/** Runs one group of checks: `node group.ts GROUP DEVICE FOLDER`; a line of JSON for each as it ends. An error of CUDA's spoils its process, so each group has one. */
import process from "node:process";
import * as torch from "../../src/torch/index.ts";
import { outcomeOf } from "./check.ts";
import { GROUPS } from "./groups/all.ts";

const [, , group = "", device, folder = ""] = process.argv;
const checks = GROUPS.get(group);
if (checks === undefined || (device !== "cpu" && device !== "cuda")) throw new Error(`group.ts: ${group} ${device}`);

// the numbers of a CPU are not rounded to 10 bits
torch.cuda.allowTf32({ convolutions: false, products: false });
for (const check of checks) {
  process.stdout.write(`${JSON.stringify({ begins: check.name })}\n`);
  process.stdout.write(`${JSON.stringify(await outcomeOf(check, { device, folder }))}\n`);
}
