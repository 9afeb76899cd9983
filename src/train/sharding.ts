import { type CallbacksHandler, EMACallback } from "../callbacks/index.ts";
import { hasTargetWeights } from "../losses/index.ts";
import { type Model, MultiTaskModel, SegmentationModel, VanillaModel } from "../models/index.ts";
import type { ComputationalConfig, World } from "../run/index.ts";
import { ConfigError } from "../utils/exceptions.ts";

/** What a training with sharded weights does not do yet. @throws ConfigError naming it, before anything is begun. */
export function checkSharding(
  { fullyShardedDataParallel, gpu, gradientCompression, checkpointing }: ComputationalConfig,
  {
    model,
    callbacks,
    world,
  }: { readonly model: Model; readonly callbacks: CallbacksHandler; readonly world: Pick<World, "size"> },
): void {
  if (!fullyShardedDataParallel || world.size === 1) return;
  const refuse = (what: string): never => {
    throw new ConfigError(`ComputationalConfig: 'fullyShardedDataParallel' is true, but ${what}`);
  };
  if (gpu) refuse("weights are sharded on CPUs only. Use gpu: false, or leave it out.");
  if (gradientCompression !== null)
    refuse(`'gradientCompression' is "${gradientCompression}": sharded gradients are sent as they are. Leave it out.`);
  if (checkpointing)
    refuse(
      "'checkpointing' is, too: blocks that hold sharded weights call torch.utils.checkpoint themselves. Leave it out.",
    );
  if (![VanillaModel.prototype.backwardStep, MultiTaskModel.prototype.backwardStep].includes(model.backwardStep))
    refuse(
      `${model.constructor.name} has a backwardStep of its own, which may have several backward passes. Leave it out.`,
    );
  if (model instanceof SegmentationModel && hasTargetWeights(model.loss))
    refuse(
      "the loss is a mean over voxels that count, at each size of the output, for which SegmentationModel runs the network once more, and whole. Use a loss such as Dice, or leave out the sharding.",
    );
  if (callbacks.allCallbacks.some((callback) => callback instanceof EMACallback))
    refuse(
      "EMACallback averages whole weights after each step. Use SWACallback, which does after epochs, or leave it out.",
    );
}
