/** Who is trained on and who is validated on. */
export { KFoldConfig, SingleSplitConfig } from "./configs.ts";
export { type MakeKFoldOptions, makeKFold } from "./make-kfold.ts";
export { type MakeSplitOptions, makeSplit, NoSplitFoundError } from "./make-split.ts";
export { type LoaderOptions, Split, type SplitOptions } from "./split.ts";
export { SplitDirError } from "./split-dir.ts";
export { type GetSplitOptions, KFold, SingleSplit } from "./splitters.ts";
