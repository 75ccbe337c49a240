import { defineConfig } from "vitest/config";
import { PATIENCE } from "./test/support/patience.ts";

export default defineConfig({
  test: {
    include: ["test/**/*.test.{ts,tsx}"],
    environment: "node",
    pool: "forks",
    maxWorkers: 2,
    testTimeout: 3 * PATIENCE,
    hookTimeout: 3 * PATIENCE,
    expect: { poll: { timeout: PATIENCE } },
    env: { FORCE_COLOR: "3", NODE_ENV: "production", KELPIE_TEST: "1" },
    retry: 0,
  },
  // React runs in production mode (NODE_ENV above), which has no development runtime for JSX.
  oxc: { jsx: { runtime: "automatic", development: false } },
});
