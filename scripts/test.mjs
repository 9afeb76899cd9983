// `npm test`: sets up, then runs vitest under Node 24; arguments go to vitest.
import { main } from "./setup.mjs";

await main(["--run", "node_modules/vitest/vitest.mjs", "run", ...process.argv.slice(2)]);
