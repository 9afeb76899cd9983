/** What `npm run test:gpu` looks at: one thing each, on a device that is given. */
import assert from "node:assert/strict";
import * as torch from "../../src/torch/index.ts";

export interface Place {
  /** "cuda", or "cpu" for a dry run. */
  readonly device: "cuda" | "cpu";
  /** A folder of this group's own; it is removed at its end. */
  readonly folder: string;
}

/** What a check has to say beside that it passed: a figure, or why it could not be made here. */
export type Said = { readonly figure: string } | { readonly leftOut: string } | undefined;

export interface Check {
  readonly name: string;
  run(place: Place): Promise<Said> | Said;
}

/** What one has come to. */
export interface Outcome {
  readonly name: string;
  readonly ok: boolean;
  /** Why it failed. */
  readonly error?: string;
  readonly figure?: string;
  /** Why it was not made: it counts neither as passed nor as failed. */
  readonly leftOut?: string;
}

/** Runs one; it has to end with the tensors that it began with. */
export async function outcomeOf(check: Check, place: Place): Promise<Outcome> {
  const { name } = check;
  const before = torch.memory.live().tensors;
  try {
    const said = (await check.run(place)) ?? {};
    assert.equal(torch.memory.live().tensors, before, "tensors are left");
    return { name, ok: true, ...said };
  } catch (error) {
    return { name, ok: false, error: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  }
}

/** Fails where a value is farther from the expected one than `bound` times the largest of them. */
export function assertNear(actual: torch.Tensor, expected: torch.Tensor, bound: number, what: string): void {
  using _scope = torch.scope();
  assert.deepEqual(actual.shape, expected.shape, what);
  const [a, b] = [actual, expected].map((t) => t.detach().to({ device: "cpu", dtype: "float64" }));
  if (a === undefined || b === undefined || a.numel() === 0) return;
  const far = a.sub(b).abs().max().item();
  const size = Math.max(1e-3, b.abs().max().item());
  assert.ok(far <= bound * size, `${what}: ${far.toExponential(2)} apart, of values up to ${size.toExponential(2)}`);
}
