import { Buffer } from "node:buffer";
import { z } from "zod";

/** What MLflow answered that is no success. */
export class MLflowError extends Error {
  readonly status: number;
  /** Such as `RESOURCE_DOES_NOT_EXIST`. */
  readonly code: string;
  constructor(what: string, status: number, code: string, message: string) {
    super(`${what}: ${status} ${code} ${message}`.trim());
    this.name = "MLflowError";
    this.status = status;
    this.code = code;
  }
}

const errorSchema = z.object({ error_code: z.string().default(""), message: z.string().default("") });

/** The variables with which MLflow's own clients say who they are; none of them is written anywhere. */
export function authorization(env: Readonly<Record<string, string | undefined>>): Record<string, string> {
  const { MLFLOW_TRACKING_USERNAME: user, MLFLOW_TRACKING_PASSWORD: password, MLFLOW_TRACKING_TOKEN: token } = env;
  if (user !== undefined && password !== undefined) {
    return { authorization: `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}` };
  }
  return token === undefined ? {} : { authorization: `Bearer ${token}` };
}

/** MLflow's REST API 2.0. */
export class MLflowRest {
  readonly #uri: string;
  readonly #headers: Readonly<Record<string, string>>;
  readonly #timeout: number;

  /** @param timeout of a request, in seconds. */
  constructor(uri: string, headers: Readonly<Record<string, string>>, timeout: number) {
    this.#uri = uri.replace(/\/+$/, "");
    this.#headers = headers;
    this.#timeout = timeout;
  }

  async get<S extends z.ZodType>(path: string, query: Record<string, string>, answer: S): Promise<z.output<S>> {
    return answer.parse(await this.#ask("GET", `api/2.0/mlflow/${path}?${new URLSearchParams(query)}`, null));
  }
  async post<S extends z.ZodType>(path: string, body: object, answer: S): Promise<z.output<S>> {
    return answer.parse(await this.#ask("POST", `api/2.0/mlflow/${path}`, JSON.stringify(body)));
  }
  /** Uploads a file through the server. */
  async putArtifact(path: string, content: string): Promise<void> {
    const encoded = path.split("/").map(encodeURIComponent).join("/");
    await this.#ask("PUT", `api/2.0/mlflow-artifacts/artifacts/${encoded}`, content);
  }

  async #ask(method: string, path: string, body: string | null): Promise<unknown> {
    const response = await fetch(`${this.#uri}/${path}`, {
      method,
      headers: { ...this.#headers, ...(body === null ? {} : { "content-type": "application/json" }) },
      body,
      signal: AbortSignal.timeout(1000 * this.#timeout),
    });
    const text = await response.text();
    if (response.ok) return text === "" ? {} : JSON.parse(text);
    const { error_code, message } = errorOf(text);
    throw new MLflowError(`${method} ${path.split("?")[0]}`, response.status, error_code, message);
  }
}

/** A server between here and MLflow may answer with anything. */
function errorOf(text: string): z.output<typeof errorSchema> {
  try {
    return errorSchema.parse(JSON.parse(text));
  } catch {
    return { error_code: "", message: text.slice(0, 200) };
  }
}
