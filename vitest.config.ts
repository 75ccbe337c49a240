import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.{ts,tsx}"],
    environment: "node",
    pool: "forks",
    maxWorkers: 2,
    testTimeout: 30_000,
    hookTimeout: 60_000,
    env: { FORCE_COLOR: "3", NODE_ENV: "production", KELPIE_TEST: "1" },
    retry: 0,
  },
  // React runs in production mode (NODE_ENV above), which has no development runtime for JSX.
  oxc: { jsx: { runtime: "automatic", development: false } },
});
