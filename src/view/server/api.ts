import { createReadStream, statSync } from "node:fs";
import { basename } from "node:path";
import { type Context, Hono } from "hono";
import { streamSSE } from "hono/streaming";
import { Maps } from "../../io/maps/index.ts";
import { compare } from "../../train/compare.ts";
import { ClinicaDLException } from "../../utils/exceptions.ts";
import {
  type Part,
  partOf,
  readCurves,
  readEvaluation,
  readFolds,
  readLogs,
  readStudyContents,
  readWarnings,
} from "../read/index.ts";
import { drawnFolds, drawnStudy, experimentOf, figuresOf, setupOf } from "./answers.ts";
import { type FoundLayer, findLayers, type Layers } from "./layers.ts";
import { Newsroom } from "./news.ts";
import { Question } from "./question.ts";
import { QuestionError, type Shown } from "./shown.ts";
import { StudyNews } from "./study-news.ts";

export interface ApiOptions {
  readonly shown: Shown;
  /** Where the BIDS dataset is, if it is no longer where the MAPS says. */
  readonly bids?: string | undefined;
  /** After how many milliseconds files are looked at again. */
  readonly interval: number;
  /** Ends the streams. */
  readonly signal: AbortSignal;
}

/** What the page asks: values of the readers as JSON, images, and a stream of what is new. Nothing of it changes anything. */
export function api({ shown, bids, interval, signal }: ApiOptions): Hono {
  const app = new Hono();
  /** Of trials that have ended, by study: what does not change is read once. */
  const epochs = new Map<string, Map<number, number>>();
  const ask = (context: Context): Question => new Question(context.req.query(), shown);

  app.get("/experiments", (context) => context.json(ask(context).paths.map(experimentOf)));
  app.get("/curves", (context) => {
    const question = ask(context);
    return context.json(readCurves(question.maps, question.count("split")));
  });
  app.get("/folds", (context) => {
    const question = ask(context);
    const folds = readFolds(question.maps, {
      checkpoint: question.text("checkpoint"),
      group: question.optional("group"),
    });
    return context.json(folds.found ? { found: true, value: drawnFolds(folds.value) } : folds);
  });
  app.get("/evaluation", (context) => {
    const question = ask(context);
    return context.json(readEvaluation(question.maps, question.evaluation));
  });
  app.get("/figures", (context) => {
    const question = ask(context);
    return context.json(figuresOf(question.maps, question.evaluation));
  });
  app.get("/setup", (context) => context.json(setupOf(ask(context).maps)));
  app.get("/messages", (context) => {
    const { maps } = ask(context);
    return context.json({ warnings: readWarnings(maps), logs: readLogs(maps) });
  });
  app.get("/comparison", (context) => {
    const question = ask(context);
    const checkpoint = question.text("checkpoint");
    return context.json(
      partOf(() =>
        compare(
          question.paths.map((path) => new Maps(path)),
          { checkpoint },
        ),
      ),
    );
  });
  app.get("/layers", (context) => {
    const layers = layersOf(ask(context), bids);
    const shown = ({ layers, missing }: Layers<FoundLayer>): Layers => ({
      layers: layers.map(({ name, kind, file }) => ({ name, kind, file })),
      missing,
    });
    return context.json(layers.found ? { found: true, value: shown(layers.value) } : layers);
  });
  app.get("/image", (context) => {
    const question = ask(context);
    const layers = layersOf(question, bids);
    if (!layers.found) throw new QuestionError(layers.reason);
    const layer = layers.value.layers[question.count("layer")];
    if (layer === undefined) throw new QuestionError("There is no such layer.");
    return imageResponse(layer.path);
  });
  app.get("/studies", (context) => context.json(shown.studies.map((path) => basename(path))));
  app.get("/study", (context) => {
    const path = ask(context).study;
    const known = epochs.get(path) ?? new Map<number, number>();
    epochs.set(path, known);
    return context.json(partOf(() => drawnStudy(readStudyContents(path, known))));
  });
  app.get("/news", (context) => {
    const { scope, paths } = ask(context);
    return streamSSE(context, async (stream) => {
      using newsroom = new Newsroom(paths);
      using studies = new DisposableStack();
      const all = scope === null ? shown.studies.map((path, study) => studies.use(new StudyNews(path, study))) : [];
      // what happens from here on is told: the page reads what was before
      await stream.writeSSE({ event: "ready", data: "" });
      while (!stream.aborted && !signal.aborted) {
        for (const news of [newsroom, ...all].flatMap((one) => one.gather())) {
          await stream.writeSSE({ data: JSON.stringify(news) });
        }
        await stream.sleep(interval);
      }
    });
  });
  app.get("*", (context) => context.json({ reason: "There is no such thing." }, 404));
  app.onError((error, context) => {
    // what a person can do something about is told; anything else is a mistake in this program, and not hidden
    if (error instanceof QuestionError) return context.json({ reason: error.message }, 404);
    if (error instanceof ClinicaDLException) return context.json({ reason: error.message }, 500);
    throw error;
  });
  return app;
}

/** Of a session that is in the evaluation: what is asked for never becomes a path. */
function layersOf(question: Question, bids: string | undefined): Part<Layers<FoundLayer>> {
  const key = question.evaluation;
  const [participant, session] = [question.text("participant"), question.text("session")];
  const evaluation = readEvaluation(question.maps, key);
  if (!evaluation.found) return evaluation;
  const isKnown = evaluation.value.samples.some(
    (sample) => sample.participant === participant && sample.session === session,
  );
  if (!isKnown) return { found: false, reason: `${participant} ${session} is not in this evaluation.` };
  return findLayers(question.maps, key, { participant, session, bids });
}

function imageResponse(path: string): Response {
  const { size } = statSync(path);
  const body = ReadableStream.from(createReadStream(path));
  return new Response(body, {
    headers: { "Content-Type": "application/octet-stream", "Content-Length": String(size) },
  });
}
