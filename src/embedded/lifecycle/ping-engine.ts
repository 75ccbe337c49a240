import { readFileSync } from "node:fs";
import { get } from "node:https";
import { join } from "node:path";
import { readEngineState, type ClusterDirectory } from "./cluster-directory.ts";

const TIMEOUT_MILLISECONDS = 2000;

/** Whether the engine answers that it is ready. */
export function pingEngine(directory: ClusterDirectory): Promise<boolean> {
  const state = readEngineState(directory);
  if (state === undefined) return Promise.resolve(false);
  return new Promise((resolve) => {
    let ca: string;
    try {
      ca = readFileSync(join(directory.path, "pki", "ca.crt"), "utf8");
    } catch {
      resolve(false);
      return;
    }
    const options = { host: "127.0.0.1", port: state.port, path: "/readyz", ca, agent: false };
    const request = get({ ...options, timeout: TIMEOUT_MILLISECONDS }, (response) => {
      response.resume();
      resolve(response.statusCode === 200);
    });
    request.on("timeout", () => request.destroy());
    request.on("error", () => resolve(false));
  });
}
