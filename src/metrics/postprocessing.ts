import { z } from "zod";
import type { Batch } from "../data/dataloader/index.ts";
import { PostprocessingHandler, type TransformLike } from "../transforms/index.ts";
import type { JsonObject } from "../utils/config.ts";
import { ClinicaDLException } from "../utils/exceptions.ts";

/** What is done to a batch before a metric looks at it. */
export interface Postprocessing {
  /** Gives back the batch, or a transformed copy: what other metrics see never changes. */
  apply(batch: Batch): Batch;
  /** Whether there is nothing to do. */
  readonly isNone: boolean;
}

/** The postprocessing of a handler. */
export function postprocessingOf(handler: PostprocessingHandler): Postprocessing {
  return {
    isNone: handler.transforms.length === 0,
    apply(batch) {
      return handler.transforms.length === 0 ? batch : handler.batchApply(batch.copy());
    },
  };
}

/** A handler, its JSON, or the list of its transforms; none by default. */
export const postprocessingSchema = z
  .custom<PostprocessingHandler | readonly TransformLike[]>()
  .transform((given, ctx): PostprocessingHandler => {
    const value: unknown = given;
    if (value instanceof PostprocessingHandler) return value;
    let message = "Expected a list of transforms or a PostprocessingHandler";
    try {
      if (Array.isArray(value)) return new PostprocessingHandler({ transforms: value as TransformLike[] });
      if (typeof value === "object" && value !== null && "name_" in value) {
        return PostprocessingHandler.fromDict(value as JsonObject);
      }
    } catch (error) {
      if (!(error instanceof ClinicaDLException)) throw error;
      message = error.message.replace(/\.$/, "");
    }
    ctx.addIssue({ code: "custom", message });
    return z.NEVER;
  })
  .default(() => new PostprocessingHandler({ transforms: [] }));
