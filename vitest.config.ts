import { availableParallelism } from "node:os";
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
    // workers share the cores already; more threads in each would only wait for one another
    env: { OMP_NUM_THREADS: "1" },
    // only ends what hangs: how long a test takes says more of the machine than of the code
    testTimeout: 900_000,
    hookTimeout: 900_000,
  },
});
