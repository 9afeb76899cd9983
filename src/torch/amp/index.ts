/** Mixed precision. */
export { type AutocastOptions, autocast, isAutocastEnabled } from "./autocast.ts";
export { GradScaler } from "./grad-scaler.ts";
