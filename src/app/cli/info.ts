import { resolvePaths } from "../../config/paths.ts";
import { KELPIE_VERSION } from "../../lib/version.gen.ts";
import type { Output } from "./output.ts";

export function version(output: Output): number {
  output.out(`kelpie ${KELPIE_VERSION} (Node.js ${process.versions.node}, ${process.platform}-${process.arch})\n`);
  return 0;
}

/** `kelpie info`: every path it uses. */
export function info(env: NodeJS.ProcessEnv, output: Output): number {
  const paths = resolvePaths(env);
  version(output);
  const rows: ReadonlyArray<readonly [string, string]> = [
    ["settings", paths.configFile],
    ["local clusters", paths.data],
    ["state", paths.state],
    ["log", paths.logFile],
    ["cache", paths.cache],
    ["kubeconfig", env["KUBECONFIG"] || "~/.kube/config"],
  ];
  for (const [name, path] of rows) output.out(`${`${name}:`.padEnd(16)}${path}\n`);
  return 0;
}
