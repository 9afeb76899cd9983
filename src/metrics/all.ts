/** Every metric: a line here makes it public, and known by its `name_` in plain objects, JSON and a MAPS. */

export { AveragePrecisionMetricConfig } from "./average-precision.ts";
export { BalancedAccuracyMetricConfig } from "./balanced-accuracy.ts";
export { BrierMetricConfig } from "./brier.ts";
export { CalibrationErrorMetricConfig } from "./calibration-error.ts";
export { ConcordanceIndexMetricConfig } from "./concordance-index.ts";
export { ConfusionMatrixMetricConfig } from "./confusion-matrix.ts";
export { DiceMetricConfig } from "./dice.ts";
export { GeneralizedDiceScoreConfig } from "./generalized-dice.ts";
export { HausdorffDistanceMetricConfig } from "./hausdorff-distance.ts";
export { LossMetricConfig } from "./loss-metric.ts";
export { MAEMetricConfig } from "./mae.ts";
export { MeanIoUConfig } from "./mean-iou.ts";
export { MSEMetricConfig } from "./mse.ts";
export { MultiScaleSSIMMetricConfig } from "./multi-scale-ssim.ts";
export { PearsonMetricConfig } from "./pearson.ts";
export { PSNRMetricConfig } from "./psnr.ts";
export { R2MetricConfig } from "./r2.ts";
export { RMSEMetricConfig } from "./rmse.ts";
export { ROCAUCMetricConfig } from "./roc-auc.ts";
export { SpearmanMetricConfig } from "./spearman.ts";
export { SSIMMetricConfig } from "./ssim.ts";
export { SurfaceDiceMetricConfig } from "./surface-dice.ts";
export { SurfaceDistanceMetricConfig } from "./surface-distance.ts";
