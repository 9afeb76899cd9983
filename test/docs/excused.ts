const OTHER_ROOMS = "what other rooms of the package call, not users";
const DRAWN =
  "as transformConfig, whose example shows how a transform of one's own is made; docs/own.md names one that draws, to copy";
const LARGE =
  "has more than 40 million weights; its config has an example, and so has the network that it is called after";

/** The public classes and functions that have no example, each with the reason. */
export const EXCUSED: Readonly<Record<string, string>> = {
  checkOpenFiles: OTHER_ROOMS,
  datasetFromWorker: OTHER_ROOMS,
  checkTarget: OTHER_ROOMS,
  describeRefused: OTHER_ROOMS,
  nameOf: OTHER_ROOMS,
  refusal: OTHER_ROOMS,
  refusedValues: OTHER_ROOMS,
  checkStatistics: OTHER_ROOMS,
  groupTable: OTHER_ROOMS,
  intervalTable: OTHER_ROOMS,
  ownTables: OTHER_ROOMS,
  replaceRows: OTHER_ROOMS,
  ImagePlace: OTHER_ROOMS,
  isRandomExtraction: OTHER_ROOMS,
  portableTransform: OTHER_ROOMS,
  transformFromPortable: OTHER_ROOMS,
  range: OTHER_ROOMS,
  randomConfig: DRAWN,
  randomPerImage: DRAWN,
  randomTogether: DRAWN,
  wholeTransform: DRAWN,
  MedNeXtL: LARGE,
  ResNet101: LARGE,
  ResNet152: LARGE,
  SEResNet101: LARGE,
  SEResNet152: LARGE,
  ViTB32: LARGE,
  ViTL16: LARGE,
  ViTL32: LARGE,
};
