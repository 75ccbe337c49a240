import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Duplex } from "node:stream";
import { isRecord } from "../../src/lib/kube/object.ts";
import { errorMessage } from "../../src/lib/errors.ts";
import { silentLogger } from "../../src/lib/log.ts";
import { systemClock } from "../../src/lib/clock.ts";
import { parseNetworkTable } from "../../src/embedded/net/network-table.ts";
import { chooseRuntime } from "../../src/embedded/runtimes/ladder.ts";
import { RuntimeError } from "../../src/embedded/runtimes/runtime-error.ts";
import type {
  ContainerRuntime,
  ContainerSpec,
  ExecSpec,
  RuntimeEvent,
  RuntimeName,
  SandboxSpec,
} from "../../src/embedded/runtimes/runtime.ts";

/**
 * A small engine around a runtime, so that tests can run one as another user and kill it. Takes requests as lines of
 * JSON on standard input: `{ id, method, args }`, answers `{ id, result }` or `{ id, error }`.
 */

const [directory = "", prefer = "namespaces"] = process.argv.slice(2);
const chosen = await chooseRuntime({
  directory,
  logger: silentLogger,
  clock: systemClock,
  prefer: prefer as RuntimeName,
});
const runtime: ContainerRuntime = chosen.runtime;
const events: RuntimeEvent[] = [];
const waiting = new Set<() => void>();
runtime.onEvent((event) => {
  events.push(event);
  for (const look of waiting) look();
});

async function until<T>(read: () => T | undefined): Promise<T> {
  for (;;) {
    const value = read();
    if (value !== undefined) return value;
    await new Promise<void>((resolve) => {
      const look = (): void => {
        waiting.delete(look);
        resolve();
      };
      waiting.add(look);
    });
  }
}

async function exec(id: string, spec: ExecSpec & { readonly input?: string; readonly resize?: [number, number] }) {
  const session = await runtime.exec(id, spec);
  let stdout = "";
  let stderr = "";
  let resized = spec.resize === undefined;
  session.stdout.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
    // The program says when it looks at its size for the second time.
    if (!resized && stdout.includes("ready")) {
      resized = true;
      session.resize(...(spec.resize ?? [80, 24]));
      session.stdin?.write("\n");
    }
  });
  session.stderr?.setEncoding("utf8").on("data", (text: string) => (stderr += text));
  if (spec.input !== undefined) {
    session.stdin?.write(spec.input);
    if (!spec.tty) session.stdin?.end();
  }
  const code = await session.exited;
  if (!session.stdout.readableEnded) await new Promise((resolve) => session.stdout.once("end", resolve));
  return { code, stdout, stderr };
}

async function converse(stream: Duplex, send: string): Promise<string> {
  let text = "";
  stream.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
  stream.write(send);
  await new Promise((resolve) => stream.once("end", resolve));
  stream.destroy();
  return text;
}

async function attach(id: string, input: string): Promise<{ readonly code: number; readonly stdout: string }> {
  const session = await runtime.attach(id);
  let stdout = "";
  session.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
  session.stderr?.resume();
  const ended = new Promise((resolve) => session.stdout.once("end", resolve));
  session.stdin?.end(input);
  const code = await session.exited;
  await ended;
  return { code, stdout };
}

const METHODS: Readonly<Record<string, (...args: never[]) => Promise<unknown>>> = {
  tried: () => Promise.resolve(chosen.tried),
  start: () => runtime.start(),
  detach: () => runtime.detach(),
  destroy: () => runtime.destroy(),
  idOffset: () => Promise.resolve(runtime.idOffset),
  createSandbox: (spec: SandboxSpec) => runtime.createSandbox(spec),
  removeSandbox: (id: string) => runtime.removeSandbox(id),
  create: (spec: ContainerSpec) => runtime.create(spec),
  startContainer: (id: string) => runtime.startContainer(id),
  stop: (id: string, options: { readonly signal: string; readonly graceMilliseconds: number }) =>
    runtime.stop(id, options),
  remove: (id: string) => runtime.remove(id),
  list: () => runtime.list(),
  events: () => Promise.resolve(events),
  exited: (id: string) =>
    until(() => events.find((event) => event.type === "exited" && event.container.id === id)?.container),
  stats: async (id: string) => {
    const usage = await runtime.stats(id);
    return usage === undefined ? undefined : { ...usage, cpuNanos: Number(usage.cpuNanos) };
  },
  exec: (id: string, spec: ExecSpec) => exec(id, spec),
  attach: (id: string, input: string) => attach(id, input),
  converse: async (pod: string, port: number, send: string) => converse(await runtime.dial(pod, port), send),
  makeVolume: async (path: string, name: string, text: string) => {
    await mkdir(path, { recursive: true });
    await writeFile(join(path, name), text, { mode: 0o400 });
  },
  image: (reference: string) => runtime.image(reference),
  program: (table: unknown) => {
    const parsed = parseNetworkTable(table);
    if (parsed === undefined || runtime.network === undefined) throw new Error("no network");
    return runtime.network.program(parsed);
  },
};

async function answer(line: string): Promise<void> {
  const request: unknown = JSON.parse(line);
  if (!isRecord(request)) return;
  const { id, method, args } = request;
  let reply: Readonly<Record<string, unknown>>;
  try {
    const call = METHODS[String(method)];
    if (call === undefined) throw new Error(`no method ${String(method)}`);
    reply = { id, result: await call(...(args as never[])) };
  } catch (error) {
    reply = { id, error: errorMessage(error), reason: error instanceof RuntimeError ? error.reason : undefined };
  }
  process.stdout.write(`${JSON.stringify(reply)}\n`);
}

process.stdout.write(`${JSON.stringify({ id: 0 })}\n`);
for await (const line of createInterface({ input: process.stdin })) void answer(line);
process.exit(0);
