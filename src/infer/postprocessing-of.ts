import { PostprocessingHandler } from "../transforms/index.ts";
import type { Inferer } from "./inferer.ts";

/** What an inferer does with the outputs of the network; null: nothing that is known. */
export function postprocessingOf(inferer: Inferer): PostprocessingHandler | null {
  const postprocessing = "postprocessing" in inferer ? inferer.postprocessing : null;
  return postprocessing instanceof PostprocessingHandler ? postprocessing : null;
}
