/**
 * What a MAPS is made of: the name of every file and folder that this program or ClinicaDL puts there. It tells what is
 * theirs when something is deleted, and what must be no link when something is read or written.
 */

/** A folder whose entries are known; "own": all that is in it is ours, whatever its name. */
export type Folder = Layout | "own";

export interface Layout {
  readonly files: RegExp;
  readonly folders: readonly (readonly [RegExp, Folder])[];
}

const NONE = /^(?!)/;
/** Names of metrics, groups and the like, whatever they hold: see {@link isPlainName} for what they may. */
const NUMBER = "(?:0|[1-9]\\d*)";
const SPLIT = new RegExp(`^split-${NUMBER}$`);
/** The models of several splits together. */
const ENSEMBLE = new RegExp(`^ensemble(?:-${NUMBER}){2,}$`);

/** What the system, and interrupted writers, leave anywhere. */
export const LEFTOVER = /^(?:\.tmp-.*|\.DS_Store|\.nfs[0-9a-f]+)$/s;

const metrics: Layout = {
  files: /^(?:aggregated|details|intervals|groups|confusion_matrix|reliability)\.tsv$/,
  folders: [],
};

/** The weights of a model, with its validation metrics. */
export const MODEL: Layout = {
  files: /^(?:model\.pt|warning\.log|calibration\.json)$/,
  folders: [[/^validation_metrics$/, metrics]],
};

const ownFiles = [/^\.clinicadl-ts$/, "own"] as const;

/** A checkpoint from which training goes on. */
export const CHECKPOINT: Layout = {
  files: /^(?:state\.json|model\.pt|optimizer\.pt|scaler\.pt|\.manifest\.json)$/,
  folders: [[/^callbacks$/, { files: /\.pt$/s, folders: [] }], [/^validation_metrics$/, metrics], ownFiles],
};

const BEST_MODELS: Layout = { files: NONE, folders: [[/^best-.+$/s, MODEL]] };

/** `training/split-<i>`. */
export const SPLIT_LAYOUT: Layout = {
  files: /^(?:computational\.json|summary\.log|warning\.log)$/,
  folders: [
    [
      /^logs$/,
      {
        files: /^(?:training_loss|computational|gradient_norm)\.tsv$/,
        folders: [
          [/^learning_rates$/, { files: /\.tsv$/s, folders: [] }],
          [/^tensorboard$/, { files: /^events\.out\.tfevents\./, folders: [] }],
        ],
      },
    ],
    [
      /^models$/,
      {
        files: NONE,
        folders: [
          [/^best_models$/, BEST_MODELS],
          [/^checkpoints$/, { files: NONE, folders: [[new RegExp(`^epoch-${NUMBER}$`), MODEL]] }],
          [/^final$/, MODEL],
        ],
      },
    ],
    [/^tmp$/, { files: NONE, folders: [[new RegExp(`^(?:epoch-${NUMBER}|batch-${NUMBER}-${NUMBER})$`), CHECKPOINT]] }],
    [/^validation_metrics$/, metrics],
    ownFiles,
  ],
};

/** Participants and sessions, the dataset and the loader. */
export const DATA: Layout = { files: /^(?:data\.tsv|dataset\.json|dataloader\.json)$/, folders: [ownFiles] };

/** What a model gave on a group. */
export const RESULTS: Layout = {
  files: /^(?:computational\.json|inferer\.json|warning\.log|output\.tsv|calibration\.json)$/,
  folders: [
    [/^metrics$/, metrics],
    [/^images$/, { files: /\.nii\.gz$/s, folders: [] }],
    [/^tensors$/, { files: /\.pt$/s, folders: [] }],
    ownFiles,
  ],
};

/** All results of the models of a split on a group. */
export const SPLIT_RESULTS: Layout = {
  files: NONE,
  folders: [[new RegExp(`^(?:best-.+|epoch-${NUMBER}|final)$`, "s"), RESULTS]],
};

/** `group-<name>`. */
export const GROUP: Layout = {
  files: DATA.files,
  folders: [
    [
      /^results$/,
      {
        files: NONE,
        folders: [
          [SPLIT, SPLIT_RESULTS],
          [ENSEMBLE, SPLIT_RESULTS],
        ],
      },
    ],
    ownFiles,
  ],
};

/** `exec/run-<call>_<time>`. */
export const RUN: Layout = { files: /^(?:info|debug|error)\.log$/, folders: [ownFiles] };

const INFERENCE: Layout = { files: /^\.group-.*\.lock$/s, folders: [[/^group-.+$/s, GROUP], ownFiles] };
const ofSplits: Layout = { files: NONE, folders: [[SPLIT, DATA]] };

/** The whole. */
export const MAPS: Layout = {
  files:
    /^(?:(?:model|metrics|callbacks)\.json|(?:architecture|summary)\.log|nn_summary\.txt|experiment\.yaml|\.lock|\.in-use\.lock)$/,
  folders: [
    // the splits that an experiment file asked for
    [/^splits$/, "own"],
    [/^env$/, { files: /^(?:environment\.txt|environment(?:_portable)?\.yml)$/, folders: [] }],
    [/^exec$/, { files: NONE, folders: [[/^run-.+$/s, RUN]] }],
    [/^(?:test|prediction)$/, INFERENCE],
    [
      /^training$/,
      {
        files: new RegExp(`^(?:optimization\\.json|\\.split-${NUMBER}\\.lock)$`),
        folders: [
          [/^data$/, { files: /^data\.tsv$/, folders: [[/^(?:train|validation)$/, ofSplits], ownFiles] }],
          [SPLIT, SPLIT_LAYOUT],
          ownFiles,
        ],
      },
    ],
    ownFiles,
  ],
};
