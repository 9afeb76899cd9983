/** Tables on disk, as pandas reads and writes them. */
export { GrowingTable } from "./growing.ts";
export {
  NO_SESSION,
  PARTICIPANT_ID,
  type ParticipantRow,
  pairKey,
  readParticipants,
  SESSION_ID,
} from "./participants.ts";
export { looksNumeric, parseTsv, readTsv, readTsvColumns } from "./read.ts";
export { TsvStream, writeTsvParts } from "./stream.ts";
export { type Cell, columnsOf, floatColumns, markFloatColumns, type Row } from "./types.ts";
export { formatTsv, type TsvOptions, writeTsv } from "./write.ts";
