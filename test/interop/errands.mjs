// What both sides have to do, one thing after another, and what became of it.
import { relative } from "node:path";
import { doJobs } from "./side.mjs";

/**
 * Errands are `{ name, side, needs, prepare, job }`: the side does the job after `prepare`, unless one of `needs` (names
 * of earlier ones) failed. Names are paths in the folder `work`. Both sides work at the same time.
 */
export class Errands {
  #errors = new Map();
  #work;
  #say;

  constructor(work, say) {
    this.#work = work;
    this.#say = say;
  }

  /** Why one of these failed; null when all were done. */
  errorOf(names) {
    for (const name of names) {
      const error = this.#errors.has(name) ? this.#errors.get(name) : `${relative(this.#work, name)} was not done`;
      if (error !== null) return error;
    }
    return null;
  }

  /** Whether the errand is ready to be done. */
  #begin({ name, needs = [], prepare }) {
    let error = this.errorOf(needs);
    try {
      if (error === null) prepare?.();
    } catch (problem) {
      error = problem.message;
    }
    if (error !== null) this.#errors.set(name, error);
    return error === null;
  }

  /** Does them in new processes. */
  async run(errands) {
    const ready = errands.filter((errand) => this.#begin(errand));
    const sides = [...new Set(ready.map(({ side }) => side))];
    await Promise.all(
      sides.map(async (side) => {
        const its = ready.filter((errand) => errand.side === side);
        const jobs = its.map(({ job }) => job);
        const errors = await doJobs(side, jobs, this.#work, this.#say);
        for (const [i, { name }] of its.entries()) {
          this.#errors.set(name, errors[i] === null ? null : `${relative(this.#work, name)}: ${errors[i]}`);
        }
      }),
    );
  }
}
