import type { ParticipantRow } from "../../../io/tsv/index.ts";
import * as torch from "../../../torch/index.ts";
import { ImageError } from "../../../utils/exceptions.ts";
import { warn } from "../../../utils/warnings.ts";
import type { DataPoint } from "../../structures/index.ts";
import { type SpatialCheck, SpatialChecker } from "../spatial-checks.ts";
import type { TensorDescription } from "./description.ts";
import { type Outline, pointOf } from "./outline.ts";

/** What the images of a conversion have in common, as its description says it; what they should have and have not is a warning. */
export class Findings {
  readonly #known: readonly string[];
  readonly #additional: Set<string>;
  /** In the order of the checks; of those that failed, nothing more is said. */
  readonly #checkers: Map<SpatialCheck, SpatialChecker>;
  readonly #spacing = new SpatialChecker(["global_spacing"]);
  readonly #shape = new SpatialChecker(["global_shape"]);
  #sameSpacing = true;
  #sameShape = true;

  /** @param known the names of the image and its masks: what else a data point has is additional. */
  constructor(
    checks: readonly SpatialCheck[],
    { additionalData }: Pick<TensorDescription, "additionalData">,
    known: readonly string[],
  ) {
    this.#known = known;
    this.#additional = new Set(additionalData);
    this.#checkers = new Map(checks.map((check) => [check, new SpatialChecker([check])]));
  }

  /** Takes what a description says of images that were converted before, of which `row` is one. */
  takeOver(row: ParticipantRow, { spacing, spatialShape }: Pick<TensorDescription, "spacing" | "spatialShape">): void {
    this.#sameSpacing = spacing !== null;
    this.#sameShape = spatialShape !== null;
    const reference = {
      who: `(${row.participant_id}, ${row.session_id})`,
      spacing: spacing ?? [1, 1, 1],
      spatialShape: spatialShape ?? [1, 1, 1],
    } as const;
    if (spacing !== null) this.#spacing.reference = reference;
    if (spatialShape !== null) this.#shape.reference = reference;
    for (const [check, checker] of this.#checkers) {
      if (check !== "global_spacing" && check !== "global_shape") continue;
      // what differed before need not be said again
      if ((check === "global_spacing" ? spacing : spatialShape) === null) this.#checkers.delete(check);
      else checker.reference = reference;
    }
  }

  /** Looks at an image that is converted. */
  look(row: ParticipantRow, outline: Outline): void {
    using _scope = torch.scope();
    const point = pointOf(row, outline);
    for (const [check, checker] of this.#checkers) {
      const problem = problemOf(checker, point);
      if (problem === null) continue;
      warn(`Conversion to tensors: ${problem} It is not looked at any more.`);
      this.#checkers.delete(check);
    }
    this.#sameSpacing &&= problemOf(this.#spacing, point) === null;
    this.#sameShape &&= problemOf(this.#shape, point) === null;
    for (const name of [...point.images.keys(), ...point.fields.keys()])
      if (!this.#known.includes(name)) this.#additional.add(name);
  }

  /** What the description is to say. */
  get found(): Pick<TensorDescription, "additionalData" | "spacing" | "spatialShape"> {
    return {
      additionalData: [...this.#additional],
      spacing: this.#sameSpacing ? (this.#spacing.reference?.spacing ?? null) : null,
      spatialShape: this.#sameShape ? (this.#shape.reference?.spatialShape ?? null) : null,
    };
  }
}

function problemOf(checker: SpatialChecker, point: DataPoint): string | null {
  try {
    checker.check(point);
    return null;
  } catch (error) {
    if (error instanceof ImageError) return error.message;
    throw error;
  }
}
