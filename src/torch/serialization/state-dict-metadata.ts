import type { StateDictMetadata } from "./python-values.ts";

/** What a state dict that was read, or given it, has as `_metadata`. */
export function metadataOf(value: object): StateDictMetadata | undefined {
  const metadata: unknown = (value as { _metadata?: unknown })._metadata;
  return metadata instanceof Map ? metadata : undefined;
}

/**
 * The modules behind the keys of a state dict, with PyTorch's version of each: 2 for normalisations that count
 * their batches (older files lack the count), 1 for all others.
 */
export function deriveMetadata(keys: Iterable<string>): StateDictMetadata {
  const metadata: StateDictMetadata = new Map([["", { version: 1 }]]);
  for (const key of keys) {
    const parts = key.split(".");
    const last = parts.pop();
    for (let depth = 1; depth <= parts.length; depth++) {
      const path = parts.slice(0, depth).join(".");
      if (!metadata.has(path)) metadata.set(path, { version: 1 });
    }
    if (last === "num_batches_tracked") metadata.set(parts.join("."), { version: 2 });
  }
  return metadata;
}
