/**
 * Loaded into a measured program with `--import`: on every SIGUSR2 it writes the longest time since the last one that
 * the event loop was held, in milliseconds, to the file that KELPIE_STALLS names.
 */
import { renameSync, writeFileSync } from "node:fs";
import { monitorEventLoopDelay } from "node:perf_hooks";

const file = process.env["KELPIE_STALLS"];
if (file !== undefined) {
  const delays = monitorEventLoopDelay({ resolution: 1 });
  delays.enable();
  process.on("SIGUSR2", () => {
    writeFileSync(`${file}.new`, String(Math.max(0, delays.max / 1e6 - 1)));
    renameSync(`${file}.new`, file);
    delays.reset();
  });
}
