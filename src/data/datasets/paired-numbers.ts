import { pairKey } from "../../io/tsv/index.ts";
import { ConfigError } from "../../utils/exceptions.ts";
import type { DatasetLike } from "./dataset-like.ts";

/**
 * For each item, the number of its sample in each dataset; null where a dataset lacks the participant and session. A pair has the same
 * number of samples in each dataset that has it.
 * @param pairs their keys, in the order of the items.
 * @throws ConfigError naming a pair with other numbers of samples.
 */
export function pairedNumbers(
  datasets: readonly DatasetLike[],
  pairs: readonly string[],
): readonly (readonly (number | null)[])[] {
  const samples = datasets.map((dataset) =>
    Map.groupBy(Array.from({ length: dataset.length }).keys(), (i) =>
      pairKey({
        participant_id: String(dataset.getSampleInfo(i, "participant_id")),
        session_id: String(dataset.getSampleInfo(i, "session_id")),
      }),
    ),
  );
  return pairs.flatMap((pair) => {
    const numbers = samples.map((members) => members.get(pair) ?? null);
    const counts = new Set(numbers.flatMap((own) => (own === null ? [] : [own.length])));
    const [count = 0, other] = counts;
    if (other !== undefined) {
      throw new ConfigError(
        `PairedDataset: (${pair.replace("\t", ", ")}) has ${count} samples in one dataset, and ${other} in another. Cut them in the same way.`,
      );
    }
    return Array.from({ length: count }, (_, i) => numbers.map((own) => own?.[i] ?? null));
  });
}
