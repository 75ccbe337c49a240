import { join } from "node:path";
import type { HostTools } from "../host-tools.ts";
import { quoteForShell } from "../process-session.ts";
import { TOOL_ENVIRONMENT } from "../run-command.ts";
import type { ContainerSpec } from "../runtime.ts";
import type { Launch } from "../container-supervision.ts";
import { capabilityOptions } from "./capabilities.ts";
import { NODE_DIRECTORY } from "./host-root.ts";
import type { NodeSandbox } from "./node-sandbox.ts";

export interface CommandParts {
  readonly tools: HostTools;
  readonly sandbox: NodeSandbox;
  readonly spec: ContainerSpec;
  /** Directories as the sandbox names them. */
  readonly inside: string;
  readonly scripts: string;
  readonly cgroups: readonly string[];
  /** Options of the remount that makes the root read-only. */
  readonly readOnly: string | undefined;
  readonly hostname: string;
  /** First process of the container whose processes it shares. */
  readonly processesOf: number | undefined;
}

/** The command line that starts a container under its supervisor. */
export function launchCommand(parts: CommandParts): Launch {
  const { tools, sandbox, spec, inside, scripts } = parts;
  const uid = spec.user?.uid ?? 0;
  const nested = isNested(sandbox, spec);
  const map = nested ? ["-U", `--map-user=${uid}`, `--map-group=${spec.user?.gid ?? uid}`] : [];
  const marker = [tools.setpriv, ...privilegeOptions(sandbox, spec), "--"];
  const becomeCommand = [
    tools.env,
    "-i",
    ...containerEnvironment(spec, parts.hostname),
    tools.unshare,
    ...map,
    "-R",
    ".",
    "-w",
    spec.workingDir === "" ? "/" : spec.workingDir,
    "--",
    ...marker,
    ...spec.command,
  ];
  // The sandbox sees processes under the numbers of the machine.
  const processes =
    parts.processesOf === undefined
      ? [tools.unshare, "-p"]
      : [tools.nsenter, `--pid=/proc/${parts.processesOf}/ns/pid`, "--no-fork", "--", tools.unshare];
  const inNamespaces = [
    ...processes,
    "-m",
    "--propagation",
    "private",
    "--",
    tools.sh,
    ...(spec.tty ? ["-m"] : []),
    join(scripts, "run.sh"),
    inside,
    tools.sh,
    join(scripts, "init.sh"),
    inside,
    ...becomeCommand,
  ];
  const environment = {
    ...TOOL_ENVIRONMENT,
    KELPIE_CGROUPS: parts.cgroups.join(" "),
    KELPIE_READ_ONLY: parts.readOnly ?? "",
    KELPIE_NESTED: nested ? "1" : "",
    KELPIE_STDIN: spec.stdin ? "1" : "",
  };
  const enter = sandbox.enter(spec.sandboxId);
  if (!spec.tty) {
    return {
      command: [...enter, tools.sh, join(scripts, "supervise.sh"), inside, ...inNamespaces],
      environment,
      marker,
    };
  }
  return {
    command: [...enter, tools.sh, join(scripts, "supervise-terminal.sh"), inside],
    marker,
    environment: {
      ...environment,
      SHELL: "/bin/sh",
      KELPIE_TERMINAL_COMMAND: inNamespaces.map(quoteForShell).join(" "),
    },
  };
}

/**
 * A shell with job control starts what follows as a process group of its own, in the foreground of the terminal.
 * Without it the foreground group would be outside the pid namespace, its number 0 inside: shells that hand the
 * terminal back to it when they end fail, and lose their exit code. A stopped job (TSTP) goes on at once: nobody is
 * there who could resume it.
 */
const FOREGROUND_JOB = `"$@"; code=$?; while [ $code = 148 ]; do fg >/dev/null 2>&1; code=$?; done; exit $code`;

/** The command line that runs something in a container whose first process is `pid`, with its privileges. */
export function execCommand(
  tools: HostTools,
  sandbox: NodeSandbox,
  target: { readonly spec: ContainerSpec; readonly pid: number; readonly hostname: string },
  command: readonly string[],
  terminal: boolean,
): string[] {
  const { spec, pid, hostname } = target;
  const credentials = sandbox.idOffset === undefined ? ["--preserve-credentials"] : ["-S", "0", "-G", "0"];
  // Its other namespaces belong to the sandbox: the container's own user namespace is entered last, from within.
  const nested = isNested(sandbox, spec) ? [tools.nsenter, "-t", "1", "-U", "--preserve-credentials", "--"] : [];
  // The shell stays outside the pid namespace; its first child is the first process inside.
  const foreground = terminal ? ["--no-fork"] : [];
  const lead = terminal ? [tools.sh, "-mc", FOREGROUND_JOB, tools.sh] : [];
  return [
    tools.nsenter,
    "-t",
    String(pid),
    `--user=/proc/${sandbox.holder.pid}/ns/user`,
    "-m",
    "-u",
    "-i",
    "-n",
    "-p",
    "-r",
    "-w",
    ...credentials,
    ...foreground,
    "--",
    ...lead,
    ...nested,
    tools.setpriv,
    ...privilegeOptions(sandbox, spec),
    "--",
    tools.env,
    "-i",
    ...(terminal ? ["TERM=xterm"] : []),
    ...containerEnvironment(spec, hostname),
    ...command,
  ];
}

/** `NAME=value` words: what the CRI runtimes add where the container does not say otherwise, then its own. */
export function containerEnvironment(spec: ContainerSpec, hostname: string): string[] {
  const environment = new Map<string, string>([
    ["PATH", `${TOOL_ENVIRONMENT["PATH"] ?? ""}:${NODE_DIRECTORY}`],
    ["HOSTNAME", hostname],
    ["HOME", (spec.user?.uid ?? 0) === 0 ? "/root" : "/"],
    ...(spec.tty ? ([["TERM", "xterm"]] as const) : []),
    ...spec.env,
  ]);
  return [...environment]
    .filter(([name]) => name !== "" && !name.includes("="))
    .map(([name, value]) => `${name}=${value}`);
}

/** With one id in the sandbox, another one needs a user namespace of its own inside. */
function isNested(sandbox: NodeSandbox, spec: ContainerSpec): boolean {
  return sandbox.idOffset === undefined && (spec.user?.uid ?? 0) !== 0;
}

function privilegeOptions(sandbox: NodeSandbox, spec: ContainerSpec): string[] {
  const { user } = spec;
  const capabilities = capabilityOptions(spec);
  // One id only: there is none to change to, and groups may not be set.
  if (sandbox.idOffset === undefined) return capabilities;
  const groups =
    user === undefined || user.groups.length === 0 ? "--clear-groups" : `--groups=${user.groups.join(",")}`;
  return [...capabilities, `--reuid=${user?.uid ?? 0}`, `--regid=${user?.gid ?? 0}`, groups];
}
