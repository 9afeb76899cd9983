import { z } from "zod";
import { dtypes } from "../../torch/index.ts";

const dtype = z.enum(dtypes);
/** As Python writes them: `torch.float32`. */
const pythonDtype = z
  .templateLiteral(["torch.", dtype])
  .transform((name) => name.slice("torch.".length))
  .pipe(dtype);

/** A type of numbers, by our name or by Python's. It is written as Python writes it. */
export const dtypeOption = z.union([dtype, pythonDtype]);
