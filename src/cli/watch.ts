/** `npx clinicadl watch`: the live page of some MAPS. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { type Command, InvalidArgumentError, Option } from "commander";
import { folderOfTrial, STUDY_FILE } from "../sweep/study-file.ts";
import { ClinicaDLException } from "../utils/exceptions.ts";
import { answer, drawsOver, type OutputStream, say } from "../utils/output.ts";

interface Flags {
  readonly port?: number;
  readonly bids?: string;
  readonly open: boolean;
  readonly json: boolean;
  readonly plain: boolean;
}

export function registerWatch(program: Command): void {
  program
    .command("watch")
    .description(
      "Show MAPS in the browser while they are trained and later: curves, folds, participants with their images, configurations, logs; or the trials of a sweep.",
    )
    .argument("<maps...>", "the directories of the MAPS, or of studies of sweeps")
    .option("--port <number>", "of this machine (default: one that is free)", portOf)
    .option("--bids <path>", "where the BIDS data set is, if it is no longer where the MAPS says")
    .option("--open", "open it in the browser", false)
    .option("--json", "print the address as JSON", false)
    .addOption(
      new Option("--plain", "here, without a browser: a line for each split that is trained")
        .default(false)
        .conflicts(["port", "bids", "open", "json"]),
    )
    .addHelpText(
      "after",
      "\nThe page is for this machine only, and for who has the address.\nIt reads files, and changes nothing. Ctrl-C ends it.\n" +
        "Of another machine:\n  ssh -L 8000:127.0.0.1:8000 NAME npx clinicadl watch maps --port 8000",
    )
    .action(async (maps: string[], { port, bids, open, json, plain }: Flags) => {
      if (plain) return await watchHere(maps);
      const { serve } = await import("../view/server/index.ts");
      await using served = await serve({
        maps,
        ...(port === undefined ? {} : { port }),
        ...(bids === undefined ? {} : { bids: resolve(bids) }),
      });
      answer(json ? JSON.stringify({ url: served.url, port: served.port }) : served.url);
      if (!json) say("Ctrl-C ends it.");
      if (open) openBrowser(served.url);
      await ended();
    });
}

/** Until the command is asked to end. */
async function ended(): Promise<void> {
  await Promise.race([once(process, "SIGINT"), once(process, "SIGTERM"), once(process, "SIGHUP")]);
}

/** Shows the progress of trainings on standard output. */
async function watchHere(maps: readonly string[]): Promise<void> {
  const study = maps.find((path) => existsSync(join(path, STUDY_FILE)));
  if (study !== undefined)
    throw new ClinicaDLException(
      `${study} is the study of a sweep, which the page shows: leave out --plain, or give MAPS of its trials (${folderOfTrial(study, { number: 0 })}).`,
    );
  const { watchFolds } = await import("./watch/watch-folds.ts");
  const stop = new AbortController();
  // who reads it may have ended: `npx clinicadl watch --plain maps | head`
  process.stdout.once("error", () => stop.abort());
  void ended().then(() => stop.abort());
  const stream: OutputStream = {
    isTTY: drawsOver(process.stdout),
    get columns() {
      return process.stdout.columns;
    },
    write: (text) => process.stdout.write(text),
  };
  await watchFolds(maps, { stream, signal: stop.signal, rows: () => process.stdout.rows ?? 24 });
}

function portOf(text: string): number {
  const port = Number(text);
  if (!/^\d+$/.test(text) || port > 65_535) throw new InvalidArgumentError("Give a number between 0 and 65535.");
  return port;
}

/** With what the system opens addresses with. */
function openBrowser(url: string): void {
  const command = process.platform === "darwin" ? "open" : "xdg-open";
  const child = spawn(command, [url], { stdio: "ignore", detached: true });
  child.on("error", () => say(`There is no ${command} here: open the address yourself.`));
  child.unref();
}
