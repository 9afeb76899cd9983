/** A simulated cohort from real anatomy. */
export { type Cohort, type GenerateOptions, generateCohort } from "./cohort.ts";
export { fetchTemplate, NILEARN_VERSION, TemplateError } from "./template.ts";
