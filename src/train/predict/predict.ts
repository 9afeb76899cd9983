import { mainFirst } from "../../run/index.ts";
import { checkSameData } from "../alike.ts";
import { evaluationRun, loadWeights, share } from "../evaluation.ts";
import { asComputational, type PredictOptions } from "../options.ts";
import { runSeeded, type TrainerParts } from "../trainer-parts.ts";
import { predictLoop } from "./loop.ts";
import { Prediction } from "./prediction.ts";

/** `Trainer.predict`. */
export async function predict(parts: TrainerParts, options: PredictOptions): Promise<void> {
  const { computational, ...rest } = options;
  const { maps, model, metrics, state, world } = parts;
  using held = new DisposableStack();
  // the main process makes a directory, in which the others find their place
  const prediction = await mainFirst(world, () => {
    held.use(maps.use());
    return held.use(new Prediction(maps, rest, asComputational(computational), parts));
  });
  const { loader } = prediction;
  const { modelCheckpoint, groupName } = prediction;
  await checkSameData(world, loader, { modelCheckpoint, groupName });
  using _share = share(loader, world);
  await runSeeded(parts, prediction.computational, [loader], async () => {
    state.resetPrediction(loader.length);
    const [modelPt = ""] = prediction.modelPts;
    loadWeights(model, { loader, modelPt }, prediction.computational);
    using _inferer = prediction.useInferer(model);
    await predictLoop(evaluationRun(parts, prediction.computational, metrics), prediction);
  });
}
