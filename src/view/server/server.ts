import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import { getRequestListener } from "@hono/node-server";
import { type Context, Hono } from "hono";
import { ClinicaDLException } from "../../utils/exceptions.ts";
import { api } from "./api.ts";
import { Assets, FIGURES_CSS, PAGE } from "./assets.ts";
import { guard } from "./guard.ts";
import { Shown } from "./shown.ts";

export interface ServeOptions {
  /** Paths of MAPS, and of studies of sweeps. */
  readonly maps: readonly string[];
  /** Default 0: one that is free. */
  readonly port?: number;
  /** Where the BIDS dataset is, if it is no longer where the MAPS says. */
  readonly bids?: string | undefined;
  /** The folder of the compiled page. Default: that of this package. */
  readonly page?: string;
  /** After how many milliseconds files are looked at again. Default 250. */
  readonly interval?: number;
}

/** A page that is served. */
export interface Served extends AsyncDisposable {
  /** What is opened: with the token. */
  readonly url: string;
  readonly token: string;
  readonly port: number;
}

/**
 * Serves the page of some MAPS to this machine, until it is disposed.
 *
 * ```ts
 * await using served = await serve({ maps: ["maps"] });
 * console.log(served.url);
 * ```
 *
 * @throws ClinicaDLException where a path is neither a MAPS nor a study, or the port is taken.
 */
export async function serve({ maps, port = 0, bids, page = PAGE, interval = 250 }: ServeOptions): Promise<Served> {
  const shown = new Shown(maps);
  const token = randomBytes(24).toString("base64url");
  const end = new AbortController();
  const app = application(token, new Assets(page)).route("/api", api({ shown, bids, interval, signal: end.signal }));
  const server = createServer(getRequestListener(app.fetch));
  server.listen(port, "127.0.0.1");
  await listening(server, port);
  const address = server.address();
  const taken = typeof address === "object" && address !== null ? address.port : port;
  return {
    url: `http://127.0.0.1:${taken}/?token=${token}`,
    token,
    port: taken,
    async [Symbol.asyncDispose]() {
      end.abort();
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

function application(token: string, assets: Assets): Hono {
  const app = new Hono();
  app.use(guard(token));
  const give = (context: Context, asset: Awaited<ReturnType<Assets["page"]>>) =>
    asset === null
      ? context.text("There is no such file.\n", 404)
      : context.body(asset.body, 200, { "Content-Type": asset.type });
  app.get("/", async (context) => give(context, await assets.page("index.html")));
  app.get("/figures.css", (context) => context.body(FIGURES_CSS, 200, { "Content-Type": "text/css; charset=utf-8" }));
  app.get("/page/:name", async (context) => give(context, await assets.page(context.req.param("name"))));
  app.get("/vendor/:name", async (context) => give(context, await assets.library(context.req.param("name"))));
  return app;
}

async function listening(server: ReturnType<typeof createServer>, port: number): Promise<void> {
  try {
    await once(server, "listening");
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    if (code === "EADDRINUSE") {
      throw new ClinicaDLException(
        `Port ${port} is in use. Give another with --port, or none: then a free one is taken.`,
        { cause: error },
      );
    }
    if (code === "EACCES") {
      throw new ClinicaDLException(`Port ${port} may not be used by you. Give one above 1023, or none.`, {
        cause: error,
      });
    }
    throw error;
  }
}
