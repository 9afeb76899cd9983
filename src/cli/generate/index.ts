/** A simulated cohort from real anatomy. */
export { generateCohort } from "./cohort.ts";
