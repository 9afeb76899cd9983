/** Who is trained on and who is validated on. */
export { KFoldConfig, SingleSplitConfig } from "./configs.ts";
export { SplitDesign } from "./design.ts";
export { type MakeKFoldOptions, makeKFold } from "./make-kfold.ts";
export { type MakeLeaveOneGroupOutOptions, makeLeaveOneGroupOut } from "./make-leave-one-group-out.ts";
export { type MakeNestedKFoldOptions, makeNestedKFold } from "./make-nested-kfold.ts";
export { type MakeSplitOptions, makeSplit, NoSplitFoundError } from "./make-split.ts";
export { NestedKFold } from "./nested-kfold.ts";
export { type ReportRow, reportSplits, type SplitReport } from "./report.ts";
export { type LoaderOptions, Split, type SplitOptions } from "./split.ts";
export { SplitDirError } from "./split-dir.ts";
export { type GetSplitOptions, KFold, SingleSplit } from "./splitters.ts";
