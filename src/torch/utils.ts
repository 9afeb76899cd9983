/** `torch.utils`. */
export { checkpoint, type Recomputable } from "./checkpoint.ts";
