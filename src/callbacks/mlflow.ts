import { readFileSync } from "node:fs";
import { basename, join } from "node:path";
import process from "node:process";
import { z } from "zod";
import { readJson } from "../io/json/file.ts";
import type { Maps } from "../io/maps/index.ts";
import { type Input, type JsonObject, parseWith } from "../utils/config.ts";
import { ConfigError } from "../utils/exceptions.ts";
import { readFields } from "../utils/fields.ts";
import { configFiles } from "./trackers/configs.ts";
import type { TrackerTask } from "./trackers/task.ts";
import { TrackerCallback } from "./trackers/tracker-callback.ts";

const schema = z.strictObject({
  /** Address of the server; null: that of MLFLOW_TRACKING_URI. */
  trackingUri: z.string().min(1).nullable().default(null),
  /** Experiment in which the runs are; it is made if it is not there. */
  experimentName: z.string().min(1).default("clinicadl"),
  /** Name of the run that holds those of all splits; null: that of the MAPS's folder. */
  runName: z.string().min(1).nullable().default(null),
  /** Tags of the runs. */
  tags: z.record(z.string().min(1), z.string()).default({}),
  /** So long a request may take, and the end of a training waits for what is still to be sent, in seconds. */
  timeout: z.number().positive().max(3600).default(20),
});

/**
 * Tells an MLflow server of a training: the losses of every batch, learning rates, times, the metrics of validations, the configuration as
 * parameters and as files. Each split is a run, within one for the MAPS, which has the status of the split that ended last.
 *
 * - `trackingUri` (null): `http://…` or `https://…`. Without it, the variable MLFLOW_TRACKING_URI says where.
 * - `experimentName` (`"clinicadl"`).
 * - `runName` (null): of the run that holds those of the splits. Without it, the name of the MAPS's folder.
 * - `tags` ({}): of all runs.
 * - `timeout` (20): so many seconds a request may take, and the end of a training waits for what is still to be sent.
 *
 * A password or token comes from the variables of MLflow's own clients: MLFLOW_TRACKING_USERNAME with MLFLOW_TRACKING_PASSWORD, or
 * MLFLOW_TRACKING_TOKEN. All is sent from a thread: the training waits for nothing before its end. A server that does not answer is a warning; what it
 * lacks is sent when it answers, or when the training is resumed. A resumed training goes on with its run, and no step is there twice.
 * ClinicaDL has no such callback.
 * @example
 * ```ts
 * const callbacks = [new MLflowCallback({ trackingUri: "http://127.0.0.1:5000", experimentName: "ad-vs-cn" })];
 * const trainer = new Trainer({ maps: "mlflow", model, callbacks });
 * ```
 */
export class MLflowCallback extends TrackerCallback {
  static readonly name_ = "MLflowCallback";
  static readonly schema = schema;
  readonly title = "MLflow";
  readonly trackingUri: string | null;
  readonly experimentName: string;
  readonly runName: string | null;
  readonly tags: Readonly<Record<string, string>>;
  readonly timeout: number;

  constructor(options: Input<typeof schema> = {}) {
    super();
    const parsed = parseWith(schema, options, new.target.name);
    this.trackingUri = parsed.trackingUri;
    this.experimentName = parsed.experimentName;
    this.runName = parsed.runName;
    this.tags = parsed.tags;
    this.timeout = parsed.timeout;
    if (this.trackingUri !== null) checkUri(this.trackingUri, "'trackingUri'");
  }

  override task(maps: Maps, split: number): TrackerTask {
    const dir = maps.training.split(split);
    const kept = configFiles(maps, split);
    return {
      kind: "mlflow",
      trackingUri: this.#uri(),
      experimentName: this.experimentName,
      runName: this.runName ?? basename(maps.path),
      split,
      tags: this.tags,
      parameters: Object.fromEntries(kept.map(([name, path]) => [name, readJson(path)])),
      artifacts: Object.fromEntries(kept.map(([name, path]) => [`config/${name}.json`, readFileSync(path, "utf8")])),
      runFile: join(dir.path, ".clinicadl-ts", "mlflow.json"),
      parentFile: join(maps.path, ".clinicadl-ts", "mlflow.json"),
      timeout: this.timeout,
    };
  }
  #uri(): string {
    const uri = this.trackingUri ?? process.env.MLFLOW_TRACKING_URI ?? "";
    if (uri !== "") return checkUri(uri, this.trackingUri === null ? "MLFLOW_TRACKING_URI" : "'trackingUri'");
    throw new ConfigError(
      "MLflowCallback: it is not known where the server is. Pass trackingUri, or set the variable MLFLOW_TRACKING_URI, such as http://127.0.0.1:5000.",
    );
  }

  toDict(): JsonObject {
    return {
      name_: "MLflowCallback",
      tracking_uri: this.trackingUri,
      experiment_name: this.experimentName,
      run_name: this.runName,
      tags: { ...this.tags },
      timeout: this.timeout,
    };
  }
  static fromDict(dict: JsonObject): MLflowCallback {
    const keys = ["tracking_uri", "experiment_name", "run_name", "tags", "timeout"];
    return MLflowCallback.fromOptions(readFields("MLflowCallback", dict, keys));
  }
}

/** The address goes into the MAPS and into messages: what is secret does not belong there. */
function checkUri(uri: string, what: string): string {
  const url = URL.canParse(uri) ? new URL(uri) : null;
  if (url?.protocol !== "http:" && url?.protocol !== "https:") {
    throw new ConfigError(
      `MLflowCallback: ${what} got '${uri}'. Expected the address of a server, http://… or https://…`,
    );
  }
  if (url.username === "" && url.password === "") return uri;
  throw new ConfigError(
    `MLflowCallback: ${what} holds a name or password, which would be written into the MAPS. Set MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD instead.`,
  );
}
