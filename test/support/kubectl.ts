import { execFile, execFileSync, spawn, type ChildProcess } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { PATIENCE } from "./patience.ts";

export interface KubectlResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Kubectl {
  /** `1.32.4` */
  readonly version: string;
  readonly minor: number;
  readonly path: string;
  environment(kubeconfig: string): NodeJS.ProcessEnv;
  /** Runs it against a kubeconfig; `input` is its standard input. */
  run(kubeconfig: string, args: readonly string[], input?: string): Promise<KubectlResult>;
  /** Starts one that runs until it is killed. */
  start(kubeconfig: string, args: readonly string[]): ChildProcess;
}

/**
 * The real kubectls to test with: those that `KELPIE_KUBECTLS` lists (paths with colons between, as
 * `scripts/fetch-kubectl.sh` prints them), else the one on PATH. None: tests that need one are skipped, visibly.
 */
export function findKubectls(): readonly Kubectl[] {
  const listed = (process.env["KELPIE_KUBECTLS"] ?? "").split(delimiter).filter((path) => path !== "");
  if (listed.length > 0) return listed.filter(isProgram).map((path) => kubectlAt(path));
  const onPath = (process.env["PATH"] ?? "").split(delimiter).map((directory) => join(directory, "kubectl"));
  return onPath
    .filter(isProgram)
    .slice(0, 1)
    .map((path) => kubectlAt(path));
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function kubectlAt(path: string): Kubectl {
  const output = execFileSync(path, ["version", "--client", "-o", "json"], { encoding: "utf8" });
  const version = /"gitVersion":\s*"v([0-9.]+)/.exec(output)?.[1] ?? "0.0.0";
  // Discovery is cached by address: a home beside the kubeconfig keeps it from what other clusters left, and goes with it.
  const env = (kubeconfig: string): NodeJS.ProcessEnv => ({
    ...process.env,
    KUBECONFIG: kubeconfig,
    HOME: join(dirname(kubeconfig), `kubectl-${version}`),
  });
  return {
    version,
    minor: Number(version.split(".")[1]),
    path,
    environment: env,
    run: (kubeconfig, args, input) =>
      new Promise((resolve) => {
        const options = { env: env(kubeconfig), maxBuffer: 64 * 2 ** 20, timeout: 2 * PATIENCE };
        const child = execFile(path, args, options, (error, stdout, stderr) => {
          const code = error === null ? 0 : typeof error.code === "number" ? error.code : 1;
          resolve({ code, stdout, stderr });
        });
        child.stdin?.on("error", () => undefined);
        child.stdin?.end(input ?? "");
      }),
    start: (kubeconfig, args) => spawn(path, args, { env: env(kubeconfig), stdio: ["ignore", "pipe", "pipe"] }),
  };
}
