import { join } from "node:path";
import type { Launch } from "../container-supervision.ts";
import { quoteForShell } from "../process-session.ts";
import { TOOL_ENVIRONMENT } from "../run-command.ts";
import type { ContainerSpec } from "../runtime.ts";
import type { StoredSandbox } from "../sandbox-store.ts";

/** The command line that starts a container of plain processes under its supervisor. */
export function processCommand(
  spec: ContainerSpec,
  pod: StoredSandbox,
  at: { readonly directory: string; readonly scripts: string },
): Launch {
  const script = (name: string): string => join(at.scripts, name);
  const workingDir = spec.workingDir === "" ? "/" : spec.workingDir;
  const marker = ["env", "-i", ...processEnvironment(spec, pod)];
  const run = ["sh", script("run.sh"), at.directory, "sh", script("init-process.sh"), at.directory, workingDir];
  const command = [...run, ...marker, ...spec.command];
  const environment = { ...TOOL_ENVIRONMENT, KELPIE_STDIN: spec.stdin ? "1" : "" };
  if (!spec.tty) return { command: ["sh", script("supervise.sh"), at.directory, ...command], environment, marker };
  return {
    command: ["sh", script("supervise-terminal.sh"), at.directory],
    environment: { ...environment, SHELL: "/bin/sh", KELPIE_TERMINAL_COMMAND: command.map(quoteForShell).join(" ") },
    marker,
  };
}

/** `NAME=value` words; `POD_IP` and `HOST` say where to listen, as long as the container does not set them itself. */
export function processEnvironment(spec: ContainerSpec, pod: StoredSandbox): string[] {
  const environment = new Map<string, string>([
    ["PATH", `${TOOL_ENVIRONMENT["PATH"] ?? ""}:${join(process.execPath, "..")}`],
    ["HOSTNAME", pod.spec.hostname],
    ["HOME", process.env["HOME"] ?? "/"],
    ["POD_IP", pod.ip ?? "127.0.0.1"],
    ["HOST", pod.ip ?? "127.0.0.1"],
    ...(spec.tty ? ([["TERM", "xterm"]] as const) : []),
    ...spec.env,
  ]);
  return Array.from(environment)
    .filter(([name]) => name !== "" && !name.includes("="))
    .map(([name, value]) => `${name}=${value}`);
}
