import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: [
      "src/**/*.test.ts",
      "scripts/**/*.test.ts",
      "test/**/*.test.ts",
      "bench/**/*.test.ts",
      "examples/**/*.test.ts",
    ],
    // libtorch, its counters and its random streams are one per process: a file has a process of its own
    pool: "forks",
    maxWorkers: Math.max(1, Math.min(availableParallelism(), 4)),
    env: {
      // workers share the cores already; more threads in each would only wait for one another
      OMP_NUM_THREADS: "1",
      // programs that tests start take half the time to load where Node keeps what it compiled
      NODE_COMPILE_CACHE: fileURLToPath(new URL("build/compiled-tests", import.meta.url)),
    },
    // only ends what hangs: how long a test takes says more of the machine than of the code
    testTimeout: 900_000,
    hookTimeout: 900_000,
  },
});
