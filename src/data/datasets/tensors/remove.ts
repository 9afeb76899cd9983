import { dirname } from "node:path";
import { Bids } from "../../../io/bids/index.ts";
import { removeFile } from "../../../io/files/index.ts";
import { FileLock } from "../../../io/maps/index.ts";
import { entitiesOf, pairsPath, readDescription, unlistConversion } from "./description.ts";
import { sidecarOf } from "./states.ts";
import { lockOf } from "./turns.ts";

/**
 * Deletes the tensors of a conversion, its description, the table of who was converted, and its line in `conversions.tsv`.
 * What other conversions wrote stays. It can be called again when it was interrupted.
 *
 * @param descriptionJson what `BidsDataset.toTensors` wrote: `…_conv-<name>_description.json`.
 * @throws TensorConversionError when it is no description; `LockedError` while it is being converted.
 * @example
 * ```ts
 * import { existsSync } from "node:fs";
 *
 * const { descriptionJson } = await dataset.toTensors({ conversionName: "once", saveTransforms: true });
 * removeTensors(descriptionJson);
 * console.log(existsSync(descriptionJson)); // → false
 * ```
 */
export function removeTensors(descriptionJson: string): void {
  readDescription(descriptionJson);
  const lock = lockOf(dirname(descriptionJson), entitiesOf(descriptionJson));
  using _turn = FileLock.acquire(lock, `The conversion ${descriptionJson}`);
  removeConversion(descriptionJson);
  removeFile(lock);
}

/** Deletes a conversion that nobody else converts. */
export function removeConversion(descriptionJson: string): void {
  const pairs = pairsPath(descriptionJson);
  const { tensorType } = readDescription(descriptionJson);
  const bids = new Bids(dirname(descriptionJson));
  for (const [participantId, sessionId] of bids.getAllParticipantsSessions()) {
    const path = bids.buildPath(tensorType, { participantId, sessionId });
    removeFile(path);
    removeFile(sidecarOf(path));
  }
  unlistConversion(bids, descriptionJson);
  removeFile(pairs);
  // last: as long as it is there, the rest can be found
  removeFile(descriptionJson);
}
