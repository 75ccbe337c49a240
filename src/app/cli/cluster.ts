import { open, readFile } from "node:fs/promises";
import { watch } from "node:fs";
import type { DoctorCheck, ClusterProvider, LocalCluster } from "../../cluster/providers/provider.ts";
import { KelpieError, UsageError } from "../../lib/errors.ts";
import { resolvePaths } from "../../config/paths.ts";
import { type Arguments, flagHelp, parseArguments } from "./arguments.ts";
import { type Output, textTable } from "./output.ts";
import { CLUSTER_COMMANDS, CLUSTER_FLAGS } from "./ui-flags.ts";

/** Name of the cluster that commands mean when none is given. */
const DEFAULT_NAME = "kelpie";
const NAME = /^[a-z0-9](?:[-a-z0-9]{0,30}[a-z0-9])?$/;
const NOT_RUNNING = 3;

interface Call {
  readonly provider: ClusterProvider;
  readonly name: string;
  readonly flags: Arguments;
  readonly json: boolean;
  readonly output: Output;
}

type Command = (call: Call) => Promise<number>;

const COMMANDS: Readonly<Record<(typeof CLUSTER_COMMANDS)[number][0], Command>> = {
  start,
  create: start,
  stop,
  delete: remove,
  status,
  list,
  kubeconfig,
  logs,
  doctor,
};

/** `kelpie cluster …`: local clusters from the command line. */
export async function cluster(argv: readonly string[], env: NodeJS.ProcessEnv, output: Output): Promise<number> {
  const flags = parseArguments(argv, CLUSTER_FLAGS, "kelpie cluster");
  const [command, name = DEFAULT_NAME, ...extra] = flags.positionals;
  if (flags.has("help") || command === undefined) {
    if (flags.has("help")) output.out(help());
    else output.err(help());
    return flags.has("help") ? 0 : 2;
  }
  const run = Object.entries(COMMANDS).find(([each]) => each === command)?.[1];
  if (run === undefined) {
    const names = CLUSTER_COMMANDS.map(([each]) => each).join(", ");
    throw new UsageError(`unknown command "cluster ${command}"`, { hint: `It is one of ${names}.` });
  }
  if (extra.length > 0) throw new UsageError(`unexpected argument "${extra[0]}"`);
  if (!NAME.test(name)) {
    throw new UsageError(`"${name}" is not a name for a cluster: lower-case letters, digits and dashes, 32 at most`);
  }
  flags.choice("output", ["json"]);
  const { providerById } = await import("../../cluster/providers/provider-by-id.ts");
  const provider = providerById(flags.text("provider") ?? "embedded", resolvePaths(env).data);
  return run({ provider, name, flags, json: flags.text("output") === "json", output });
}

function help(): string {
  const commands = CLUSTER_COMMANDS.map(([name, text]) => `  ${name.padEnd(12)}${text}\n`).join("");
  return `Local clusters: a real single-node Kubernetes on this machine.\n\nUsage: kelpie cluster <command> [name] [flags]\n\nCommands:\n${commands}\nFlags:\n${flagHelp(CLUSTER_FLAGS)}`;
}

async function start({ provider, name, flags, json, output }: Call): Promise<number> {
  const began = performance.now();
  const why = await provider.unavailable();
  if (why !== undefined) throw new KelpieError(`${provider.title} cannot run here: ${why}`);
  const found = await provider.start(name, {
    wait: flags.has("wait"),
    onProgress: (step) => output.err(`  ${step}\n`),
  });
  const seconds = ((performance.now() - began) / 1000).toFixed(1);
  if (json) printJson(output, found);
  else {
    output.out(`cluster "${name}" is ready at ${found.server ?? ""} (${seconds} s)\n`);
    output.out(`  kubectl: export KUBECONFIG=${shellWord(found.kubeconfig)}\n`);
  }
  return 0;
}

/** A text as one word of a POSIX shell. */
function shellWord(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`;
}

async function stop({ provider, name, json, output }: Call): Promise<number> {
  await existing(provider, name);
  await provider.stop(name);
  if (json) printJson(output, await existing(provider, name));
  else output.out(`cluster "${name}" is stopped; its state is kept\n`);
  return 0;
}

async function remove({ provider, name, json, output }: Call): Promise<number> {
  const found = await provider.status(name);
  await provider.remove(name);
  if (json) printJson(output, { provider: provider.id, name, deleted: found !== undefined });
  else output.out(found === undefined ? `there is no cluster "${name}"\n` : `cluster "${name}" is deleted\n`);
  return 0;
}

async function status({ provider, name, json, output }: Call): Promise<number> {
  const found = await existing(provider, name);
  if (json) printJson(output, found);
  else output.out(clusterTable([found]));
  return found.state === "running" ? 0 : NOT_RUNNING;
}

async function list({ provider, json, output }: Call): Promise<number> {
  const found = await provider.list();
  if (json) printJson(output, found);
  else if (found.length === 0) output.err("there are no local clusters; `kelpie cluster start` makes one\n");
  else output.out(clusterTable(found));
  return 0;
}

async function kubeconfig({ provider, name, flags, output }: Call): Promise<number> {
  const found = await existing(provider, name);
  output.out(flags.has("path") ? `${found.kubeconfig}\n` : await provider.kubeconfig(name));
  return 0;
}

async function logs({ provider, name, flags, output }: Call): Promise<number> {
  await existing(provider, name);
  const files = await provider.logFiles(name);
  for (const file of files) output.out(await readFile(file, "utf8"));
  const last = files.at(-1);
  if (flags.has("follow") && last !== undefined) await follow(last, output);
  return 0;
}

/** Prints what is appended to a file until this process is interrupted. */
async function follow(path: string, output: Output): Promise<void> {
  const file = await open(path, "r");
  let position = (await file.stat()).size;
  const pump = async (): Promise<void> => {
    const { size } = await file.stat();
    if (size <= position) return;
    const { buffer, bytesRead } = await file.read(Buffer.alloc(size - position), 0, size - position, position);
    position += bytesRead;
    output.out(buffer.toString("utf8", 0, bytesRead));
  };
  await new Promise<void>((resolve) => {
    let pumping = Promise.resolve();
    const watcher = watch(path, () => {
      pumping = pumping.then(pump).catch(() => watcher.close());
    });
    watcher.on("close", resolve);
    watcher.on("error", () => watcher.close());
    process.once("SIGINT", () => watcher.close());
  });
  await file.close();
}

async function doctor({ provider, json, output }: Call): Promise<number> {
  const checks = await provider.doctor();
  if (json) printJson(output, checks);
  else output.out(checks.map(doctorLine).join(""));
  return checks.some((check) => check.status === "failed") ? 1 : 0;
}

function doctorLine({ name, status, message }: DoctorCheck): string {
  const mark = { ok: "ok     ", warning: "warning", failed: "FAILED " }[status];
  return `${mark}  ${name}: ${message}\n`;
}

async function existing(provider: ClusterProvider, name: string): Promise<LocalCluster> {
  const found = await provider.status(name);
  if (found === undefined) {
    throw new KelpieError(`there is no cluster "${name}"`, { hint: "`kelpie cluster start` makes one." });
  }
  return found;
}

function clusterTable(clusters: readonly LocalCluster[]): string {
  return textTable(
    ["NAME", "PROVIDER", "STATE", "SERVER", "PID", "VERSION"],
    clusters.map((each) => [
      each.name,
      each.provider,
      each.state,
      each.server ?? "-",
      each.pid === undefined ? "-" : String(each.pid),
      each.version ?? "-",
    ]),
  );
}

function printJson(output: Output, value: unknown): void {
  output.out(`${JSON.stringify(value, undefined, 2)}\n`);
}
