/** The little statistics that splits and metrics need. */
export { incompleteBeta } from "./gamma.ts";
export { chiSquaredPValue, normalCdf, normalQuantile } from "./normal.ts";
export { chiSquaredTest, mean, tTest, variance } from "./tests.ts";
