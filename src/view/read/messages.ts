import { join, relative } from "node:path";
import { readRegular } from "../../io/files/index.ts";
import { Maps } from "../../io/maps/index.ts";
import { directoriesIn, entriesOf } from "../../io/maps/scan.ts";
import { type Part, partOf } from "./part.ts";

/** A line of a log, with what belongs to it. */
export interface Message {
  /** As the file has it, in the time zone of the run: `2026-11-23 06:58:26`. Empty for what stands before the first one. */
  readonly time: string;
  /** `INFO`, `WARNING`, `ERROR`, `DEBUG`. */
  readonly level: string;
  /** May have several lines. */
  readonly text: string;
}

/** A file of messages. */
export interface Log {
  /** Its path below the MAPS. */
  readonly file: string;
  readonly messages: Part<readonly Message[]>;
}

/** The warnings of trainings, validations and tests: every `warning.log` that has something in it, in the order of their paths. */
export function readWarnings(path: string): readonly Log[] {
  const maps = new Maps(path);
  const { training, test, prediction } = maps;
  const splits = training.splitsList.map((split) => training.split(split));
  const files = [
    ...splits.flatMap((split) => [
      split.warningLog,
      ...split.models.list.map((name) => split.models.getCheckpointDir(name).warningLog),
    ]),
    ...[test, prediction].flatMap((inference) =>
      [...inference.groups.values()].flatMap((group) => {
        const results = join(group.path, "results");
        return directoriesIn(results).flatMap((models) =>
          directoriesIn(join(results, models)).map((checkpoint) => join(results, models, checkpoint, "warning.log")),
        );
      }),
    ),
  ];
  return logsOf(maps, files);
}

/**
 * The logs of all calls of `train`, `validate`, `test` and `predict`: `exec/run-…`, in the order of their names.
 * @param level which: `info` (default), `debug` or `error`.
 */
export function readLogs(path: string, level: "info" | "debug" | "error" = "info"): readonly Log[] {
  const maps = new Maps(path);
  const files = directoriesIn(maps.exec.path).map((run) => join(maps.exec.path, run, `${level}.log`));
  return logsOf(maps, files);
}

function logsOf(maps: Maps, files: readonly string[]): Log[] {
  const there = files.filter((file) =>
    entriesOf(join(file, "..")).some((entry) => entry.name === file.slice(join(file, "..").length + 1)),
  );
  return there.flatMap((file) => {
    const messages = partOf(() => parseMessages(readRegular(file)));
    return messages.found && messages.value.length === 0 ? [] : [{ file: relative(maps.path, file), messages }];
  });
}

/** The messages of a log: a line that begins with a time begins one. */
export function parseMessages(text: string): Message[] {
  const messages: Message[] = [];
  for (const line of text.split(/\r?\n/)) {
    const [, time, level, first] = /^(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d) - (?:\S+ - )?([A-Z]+): (.*)$/.exec(line) ?? [];
    const last = messages.at(-1);
    if (time !== undefined && level !== undefined && first !== undefined) messages.push({ time, level, text: first });
    else if (last !== undefined) messages[messages.length - 1] = { ...last, text: `${last.text}\n${line}` };
    else if (line !== "") messages.push({ time: "", level: "", text: line });
  }
  return messages.map((message) => ({ ...message, text: message.text.trimEnd() }));
}
