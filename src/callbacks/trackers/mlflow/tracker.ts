import process from "node:process";
import { z } from "zod";
import type { JsonObject } from "../../../utils/config.ts";
import type { CurvePoint } from "../../curve-point.ts";
import type { RunStatus, Tracker } from "../tracker.ts";
import { inChunks, keyOf, MOST_METRICS, MOST_PARAMETERS, parametersOf } from "./limits.ts";
import { authorization, MLflowError, MLflowRest } from "./rest.ts";
import { claimRun, type RunPlace, readRun, writeRun } from "./run-file.ts";

/** What it takes to tell MLflow of a training. */
export interface MLflowTask {
  readonly kind: "mlflow";
  readonly trackingUri: string;
  readonly experimentName: string;
  /** Of the run that holds those of all splits. */
  readonly runName: string;
  readonly split: number;
  readonly tags: Readonly<Record<string, string>>;
  /** The configurations of the training, by name; parameters are made of those in `parameters`. */
  readonly parameters: JsonObject;
  /** Files to upload, by name. */
  readonly artifacts: Readonly<Record<string, string>>;
  /** Where it is kept which run is that of the split, and of the MAPS. */
  readonly runFile: string;
  readonly parentFile: string;
  /** Of a request, in seconds. */
  readonly timeout: number;
}

const none = z.object({});
const experimentSchema = z.object({ experiment: z.object({ experiment_id: z.string() }) });
const createdExperiment = z.object({ experiment_id: z.string() });
const runSchema = z.object({
  run: z.object({
    info: z.object({
      run_id: z.string(),
      lifecycle_stage: z.string().default("active"),
      artifact_uri: z.string().default(""),
    }),
    data: z
      .object({
        metrics: z.array(z.object({ key: z.string(), step: z.coerce.number().default(0) })).default([]),
        params: z.array(z.object({ key: z.string() })).default([]),
      })
      .default({ metrics: [], params: [] }),
  }),
});
type Run = z.output<typeof runSchema>["run"];

const STATUS = { finished: "FINISHED", failed: "FAILED", killed: "KILLED" } as const satisfies Record<
  RunStatus,
  string
>;

/** A run of MLflow for a split, within one for its MAPS. */
export class MLflowTracker implements Tracker {
  readonly #task: MLflowTask;
  readonly #rest: MLflowRest;
  #runs: { readonly own: string; readonly parent: string } | null = null;
  #uploaded = false;

  constructor(task: MLflowTask, env: Readonly<Record<string, string | undefined>> = process.env) {
    this.#task = task;
    this.#rest = new MLflowRest(task.trackingUri, authorization(env), task.timeout);
  }

  get name(): string {
    return `MLflow at ${this.#task.trackingUri}`;
  }
  keyOf(name: string): string {
    return keyOf(name);
  }

  async connect(): Promise<ReadonlyMap<string, number>> {
    const { runName, split, tags, parameters, runFile, parentFile } = this.#task;
    const experiment = await this.#experiment();
    const parent = (await this.#known(parentFile, experiment)) ?? (await this.#makeParent(experiment, runName));
    const own =
      (await this.#known(runFile, experiment)) ??
      (await this.#make(experiment, `split-${split}`, { ...tags, "mlflow.parentRunId": parent.info.run_id }));
    writeRun(runFile, this.#place(experiment, own.info.run_id));
    const there = new Set(own.data.params.map(({ key }) => key));
    const missing = parametersOf(parameters).filter(({ key }) => !there.has(key));
    for (const params of inChunks(missing, MOST_PARAMETERS)) await this.#log(own.info.run_id, { params });
    if (this.#runs === null) {
      await this.#update(own.info.run_id, { status: "RUNNING" });
      await this.#update(parent.info.run_id, { status: "RUNNING" });
    }
    this.#runs = { own: own.info.run_id, parent: parent.info.run_id };
    if (!this.#uploaded) await this.#upload(own);
    this.#uploaded = true;
    return new Map(own.data.metrics.map(({ key, step }) => [key, step]));
  }

  async send(points: readonly CurvePoint[]): Promise<void> {
    const metrics = points.flatMap(({ step, time, values }) =>
      values.map(([key, value]) => ({ key, value: jsonNumber(value), timestamp: Math.floor(time), step })),
    );
    const { own } = this.#connected();
    for (const some of inChunks(metrics, MOST_METRICS)) await this.#log(own, { metrics: some });
  }

  async finish(status: RunStatus): Promise<void> {
    const { own, parent } = this.#connected();
    const end = { status: STATUS[status], end_time: Date.now() };
    await this.#update(own, end);
    await this.#update(parent, end);
  }

  #connected(): { readonly own: string; readonly parent: string } {
    if (this.#runs === null) throw new Error("MLflowTracker: connect() comes first.");
    return this.#runs;
  }

  async #experiment(): Promise<string> {
    const { experimentName } = this.#task;
    const find = async (): Promise<string> => {
      const query = { experiment_name: experimentName };
      return (await this.#rest.get("experiments/get-by-name", query, experimentSchema)).experiment.experiment_id;
    };
    try {
      return await find();
    } catch (error) {
      if (!isCode(error, "RESOURCE_DOES_NOT_EXIST")) throw error;
    }
    try {
      return (await this.#rest.post("experiments/create", { name: experimentName }, createdExperiment)).experiment_id;
    } catch (error) {
      // another process was faster
      if (!isCode(error, "RESOURCE_ALREADY_EXISTS")) throw error;
      return await find();
    }
  }

  /** The run that a file names, if it is one of this experiment, and there. */
  async #known(file: string, experiment: string): Promise<Run | null> {
    const place = readRun(file);
    if (place?.tracking_uri !== this.#task.trackingUri || place.experiment_id !== experiment) return null;
    try {
      const { run } = await this.#rest.get("runs/get", { run_id: place.run_id }, runSchema);
      return run.info.lifecycle_stage === "active" ? run : null;
    } catch (error) {
      if (isCode(error, "RESOURCE_DOES_NOT_EXIST")) return null;
      throw error;
    }
  }
  async #make(experiment: string, name: string, tags: Readonly<Record<string, string>>): Promise<Run> {
    const list = Object.entries(tags).map(([key, value]) => ({ key, value }));
    const body = { experiment_id: experiment, run_name: name, start_time: Date.now(), tags: list };
    return (await this.#rest.post("runs/create", body, runSchema)).run;
  }
  /** Of the processes that train splits of a MAPS at once, one makes the run that holds theirs. */
  async #makeParent(experiment: string, name: string): Promise<Run> {
    const { parentFile, tags } = this.#task;
    const before = readRun(parentFile);
    const made = await this.#make(experiment, name, tags);
    if (claimRun(parentFile, before, this.#place(experiment, made.info.run_id))) return made;
    await this.#rest.post("runs/delete", { run_id: made.info.run_id }, none);
    const known = await this.#known(parentFile, experiment);
    if (known === null) throw new Error(`${parentFile} names another server or experiment than this process sends to.`);
    return known;
  }
  #place(experiment: string, run: string): RunPlace {
    return { tracking_uri: this.#task.trackingUri, experiment_id: experiment, run_id: run };
  }

  async #log(run: string, values: object): Promise<void> {
    await this.#rest.post("runs/log-batch", { run_id: run, ...values }, none);
  }
  async #update(run: string, changes: object): Promise<void> {
    await this.#rest.post("runs/update", { run_id: run, ...changes }, none);
  }
  /** Uploads the files through the server, if it serves artifacts; a tag says so if not. */
  async #upload({ info }: Run): Promise<void> {
    const root = /^mlflow-artifacts:\/+(?:[^/]*:\d+\/)?(.*)$/.exec(info.artifact_uri)?.[1];
    const refused = async (value: string): Promise<void> => {
      await this.#rest.post("runs/set-tag", { run_id: info.run_id, key: "clinicadl.artifacts", value }, none);
    };
    if (root === undefined) return refused(`not uploaded: the server does not serve ${info.artifact_uri}`);
    try {
      for (const [name, content] of Object.entries(this.#task.artifacts)) {
        await this.#rest.putArtifact(`${root}/${name}`, content);
      }
    } catch (error) {
      if (!(error instanceof MLflowError)) throw error;
      await refused(`not uploaded: ${error.message}`.slice(0, 500));
    }
  }
}

function isCode(error: unknown, code: string): boolean {
  return error instanceof MLflowError && error.code === code;
}

/** As protocol buffers spell what JSON does not have. */
function jsonNumber(value: number): number | string {
  return Number.isFinite(value) ? value : String(value);
}
