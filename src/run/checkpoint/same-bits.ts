import * as torch from "../../torch/index.ts";
import type { RunLog } from "../log.ts";

/** What the last bits of a result depend on beside seed, data and configuration: how sums are cut into parts and rounded. */
export function roundingFacts(): { num_threads: number; processor: torch.Processor } {
  return { num_threads: torch.getNumThreads(), processor: torch.processor() };
}

/**
 * Warns where a training goes on with another number of threads, or on another kind of processor, than a checkpoint was
 * written with. Checkpoints of before may not say with which.
 */
export function warnOfOtherBits(
  log: RunLog,
  recorded: { readonly num_threads?: unknown; readonly processor?: unknown },
): void {
  const now = roundingFacts();
  const { num_threads: threads } = recorded;
  if (threads !== undefined && threads !== now.num_threads) {
    log.warning(
      `The checkpoint was written with ${threads} threads, and there are ${now.num_threads} now: sums round otherwise, so the result will not be the same to the last bit. OMP_NUM_THREADS=${threads} makes it so.`,
    );
  }
  const then = asProcessor(recorded.processor);
  if (then === null) return;
  const [before, after] = [torch.describeProcessor(then), torch.describeProcessor(now.processor)];
  if (before !== after) {
    log.warning(
      `The checkpoint was written on another kind of processor (${before}) than this one (${after}): sums round otherwise, so the result may not be the same to the last bit.`,
    );
  }
}

function asProcessor(value: unknown): torch.Processor | null {
  if (typeof value !== "object" || value === null) return null;
  const { name, capability, onednn, settings } = value as Partial<Record<keyof torch.Processor, unknown>>;
  if (typeof name !== "string" || typeof capability !== "string" || typeof settings !== "string") return null;
  return { name, capability, onednn: typeof onednn === "string" ? onednn : null, settings };
}
