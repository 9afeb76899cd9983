/** `poolingIndices` → `pooling_indices`, `TrainingLossCallback` → `training_loss_callback`. */
export function camelToSnake(name: string): string {
  return name
    .replace(/([a-z0-9])([A-Z])/g, "$1_$2")
    .replace(/([A-Z]+)([A-Z][a-z])/g, "$1_$2")
    .toLowerCase();
}

/** `pooling_indices` → `poolingIndices`; a leading or trailing underscore stays. */
export function snakeToCamel(name: string): string {
  return name.replace(/(?<=[A-Za-z0-9])_+([A-Za-z0-9])/g, (_, c: string) => c.toUpperCase());
}
