/** The little statistics that splits need. */
export { incompleteBeta, logGamma, upperGamma } from "./gamma.ts";
export { chiSquaredTest, mean, tTest, variance } from "./tests.ts";
