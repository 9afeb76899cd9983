/** The little statistics that splits need. */
export { chiSquaredTest, mean, tTest, variance } from "./tests.ts";
