import { TransformsHandler } from "../../transforms/index.ts";
import { ConfigError } from "../../utils/exceptions.ts";

/**
 * Checks that transforms can be built again in a worker thread, from their JSON.
 * @throws ConfigError naming one that cannot: a function, an object of one's own.
 */
export function requirePortable(transforms: TransformsHandler): void {
  const lists = {
    imageTransforms: transforms.imageTransforms,
    sampleTransforms: transforms.sampleTransforms,
    augmentations: transforms.augmentations,
  };
  for (const [list, items] of Object.entries(lists)) {
    for (const item of items) {
      if (!("toDict" in item)) refuse(`${list} has '${item.name}', which is not one of ClinicaDL's configs`);
    }
  }
  try {
    TransformsHandler.fromDict(transforms.toDict());
  } catch (error) {
    refuse(`they cannot be built again from their JSON (${(error as Error).message})`, error);
  }
}

function refuse(why: string, cause?: unknown): never {
  throw new ConfigError(`These transforms cannot travel to a worker thread: ${why}. Use numWorkers: 0, or a config.`, {
    cause,
  });
}
