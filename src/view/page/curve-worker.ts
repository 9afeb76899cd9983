/** The thread of the page that holds the curves: of a hundred thousand points, the page itself gets those that are seen. */
import { CurveStore } from "./curve-store.ts";
import type { Asked, Told } from "./curves.ts";
import { seenOf } from "./seen.ts";

const store = new CurveStore();

async function answerTo(asked: Asked): Promise<unknown> {
  switch (asked.what) {
    case "load":
      return await store.load(asked.maps, asked.split);
    case "add":
      return store.add(asked.points);
    case "names":
      return store.names();
    case "look":
      return seenOf(store, asked.wanted);
  }
}

addEventListener("message", async ({ data, ports: [port] }: MessageEvent<Asked>) => {
  const told: Told = await answerTo(data).then(
    (answer) => ({ answer }),
    (error: unknown) => ({ reason: error instanceof Error ? error.message : String(error) }),
  );
  port?.postMessage(told);
});
