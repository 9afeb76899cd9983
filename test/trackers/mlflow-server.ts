/** For tests: servers that a tracker may meet. */
import { type ChildProcess, spawn } from "node:child_process";
import { createServer, type Server } from "node:http";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { mlflowPython } from "../../scripts/python-environment.mjs";

/** A port that nobody listens on at this moment. */
export async function freePort(): Promise<number> {
  const server = createServer();
  const port = await listen(server, 0);
  await new Promise((resolve) => server.close(resolve));
  return port;
}
export function listen(server: Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", () => {
      const address = server.address();
      resolve(typeof address === "object" && address !== null ? address.port : 0);
    });
  });
}

/** `mlflow server` with a database in a folder. */
export class MLflowServer implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #exit: Promise<unknown>;
  #said = "";
  readonly uri: string;

  constructor(folder: string, port: number) {
    this.uri = `http://127.0.0.1:${port}`;
    const store = ["--backend-store-uri", `sqlite:///${join(folder, "mlflow.db")}`];
    const artifacts = ["--artifacts-destination", join(folder, "artifacts")];
    const where = ["--host", "127.0.0.1", "--port", String(port), "--workers", "1"];
    this.#child = spawn(mlflowPython(), ["-m", "mlflow", "server", ...store, ...artifacts, ...where], {
      stdio: ["ignore", "pipe", "pipe"],
      // its workers end with it
      detached: true,
      cwd: folder,
      env: { ...process.env, MLFLOW_DISABLE_TELEMETRY: "true", DO_NOT_TRACK: "true" },
    });
    for (const stream of [this.#child.stdout, this.#child.stderr]) stream?.on("data", (text) => (this.#said += text));
    this.#exit = new Promise((resolve) => this.#child.on("exit", resolve));
  }
  /** Until it answers. */
  async ready(): Promise<this> {
    for (;;) {
      if (this.#child.exitCode !== null) throw new Error(`mlflow server ended:\n${this.#said}`);
      const answer = await fetch(`${this.uri}/health`).catch(() => null);
      if (answer?.ok === true) return this;
      await setTimeout(200);
    }
  }
  async [Symbol.asyncDispose](): Promise<void> {
    const { pid, exitCode, signalCode } = this.#child;
    if (pid !== undefined && exitCode === null && signalCode === null) process.kill(-pid, "SIGKILL");
    await this.#exit;
  }
}
