/** Figures of a training and its evaluations: values as SVG, for a paper, a talk or a page. */
export { calibrationFigure, type ReliabilityBin, reliabilityBins } from "./calibration.ts";
export { type Confusion, confusionFigure } from "./confusion.ts";
export { foldsFigure } from "./folds.ts";
export { type Distribution, type HistogramData, histogramFigure } from "./histogram.ts";
export { type LineChart, type LineSeries, lineChart } from "./line-chart.ts";
export { type Colours, customProperties, DARK, type Ground, LIGHT } from "./parts/colours.ts";
export type { FigureOptions } from "./parts/figure.ts";
export type { Scored } from "./parts/ranking.ts";
export { shortNumber } from "./parts/scale.ts";
export { escapeXml } from "./parts/svg.ts";
export { precisionRecallFigure, type RankingOptions, rocFigure, type ScoredFold } from "./ranking-figures.ts";
export { type Predicted, regressionFigure } from "./regression.ts";
export { parameterFigure, trialsFigure } from "./study.ts";
