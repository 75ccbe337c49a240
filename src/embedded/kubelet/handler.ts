import { finished } from "node:stream/promises";
import type { Clock } from "../../lib/clock.ts";
import { delay } from "../../lib/clock.ts";
import { errorMessage, KelpieError } from "../../lib/errors.ts";
import { asArray, asNumber, asRecord, asRecords, asString, isRecord } from "../../lib/kube/object.ts";
import type { ContainerRuntime, Session } from "../runtimes/runtime.ts";
import { getOverConnection } from "./http-over-dial.ts";
import type { PodContainer } from "./pod.ts";

type Fields = Readonly<Record<string, unknown>>;

const MAX_OUTPUT_BYTES = 10 * 1024;
/** A program that the command left behind may hold its output open for ever. */
const OUTPUT_DRAIN_MILLISECONDS = 100;

/** The container that a probe or a lifecycle hook acts upon. */
export interface HandlerTarget {
  readonly runtime: ContainerRuntime;
  readonly clock: Clock;
  readonly sandboxId: string;
  readonly containerId: string;
  readonly container: PodContainer;
  readonly podIp: string;
}

/** What came of it. `output` is what an event says of a failure. */
export interface HandlerResult {
  readonly success: boolean;
  readonly output: string;
}

/** Runs `exec`, `httpGet`, `tcpSocket` or `sleep` of a probe or hook once. Never throws. */
export async function runHandler(action: Fields, target: HandlerTarget, signal: AbortSignal): Promise<HandlerResult> {
  try {
    if (isRecord(action["exec"])) return await runExec(action["exec"], target, signal);
    if (isRecord(action["httpGet"])) return await runHttpGet(action["httpGet"], target, signal);
    if (isRecord(action["tcpSocket"])) return await runTcpSocket(action["tcpSocket"], target, signal);
    if (isRecord(action["sleep"])) {
      await delay(target.clock, asNumber(action["sleep"]["seconds"]) * 1000, signal);
      return { success: true, output: "" };
    }
    const type = Object.keys(action).find((key) => key === "grpc") ?? "unknown";
    return { success: false, output: `kelpie does not support actions of type "${type}"` };
  } catch (error) {
    return { success: false, output: errorMessage(error) };
  }
}

async function runExec(action: Fields, target: HandlerTarget, signal: AbortSignal): Promise<HandlerResult> {
  const command = asArray(action["command"]).map((part) => asString(part));
  const session = await target.runtime.exec(target.containerId, { command, tty: false, stdin: false });
  const output = collectOutput(session);
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const abort = (): void => {
    session.close();
    reject(new KelpieError(`command ${JSON.stringify(command.join(" "))} timed out`));
  };
  signal.addEventListener("abort", abort, { once: true });
  try {
    const code = await Promise.race([session.exited, aborted]);
    await Promise.race([output.ended, delay(target.clock, OUTPUT_DRAIN_MILLISECONDS)]);
    const text = output.text();
    return { success: code === 0, output: text === "" && code !== 0 ? `command exited with ${code}` : text };
  } finally {
    signal.removeEventListener("abort", abort);
  }
}

interface Output {
  readonly text: () => string;
  /** Everything has been read. */
  readonly ended: Promise<unknown>;
}

function collectOutput(session: Session): Output {
  const chunks: Buffer[] = [];
  let size = 0;
  for (const stream of [session.stdout, session.stderr]) {
    stream?.on("error", () => {
      // The end of the process tells; what it wrote last may be lost.
    });
    stream?.on("data", (chunk: Buffer) => {
      if (size >= MAX_OUTPUT_BYTES) return;
      size += chunk.length;
      chunks.push(chunk);
    });
  }
  session.stdin?.on("error", () => {
    // It does not read its input.
  });
  const streams = [session.stdout, session.stderr].filter((stream) => stream !== undefined);
  return {
    text: () => Buffer.concat(chunks).subarray(0, MAX_OUTPUT_BYTES).toString("utf8"),
    ended: Promise.allSettled(streams.map((stream) => finished(stream))),
  };
}

async function runHttpGet(action: Fields, target: HandlerTarget, signal: AbortSignal): Promise<HandlerResult> {
  const port = resolvePort(action["port"], target.container);
  const host = asString(action["host"]) || target.podIp;
  const scheme = asString(action["scheme"], "HTTP").toUpperCase();
  const rawPath = asString(action["path"], "/");
  const path = rawPath.startsWith("/") ? rawPath : `/${rawPath}`;
  const headers = asRecords(action["httpHeaders"]).map(
    (header) => [asString(header["name"]), asString(header["value"])] as const,
  );
  const url = `${scheme.toLowerCase()}://${host}:${port}${path}`;
  try {
    const connection = await abortable(target.runtime.dial(target.sandboxId, port), signal);
    const answer = await getOverConnection(connection, { scheme, host, port, path, headers }, signal);
    // As upstream, every answer from 200 to 399 is good; a redirect is not followed.
    if (answer.status >= 200 && answer.status < 400) return { success: true, output: answer.body };
    return { success: false, output: `HTTP probe failed with statuscode: ${answer.status}` };
  } catch (error) {
    return { success: false, output: `Get "${url}": ${describeDialError(error, `${host}:${port}`)}` };
  }
}

async function runTcpSocket(action: Fields, target: HandlerTarget, signal: AbortSignal): Promise<HandlerResult> {
  const port = resolvePort(action["port"], target.container);
  const host = asString(action["host"]) || target.podIp;
  try {
    const connection = await abortable(target.runtime.dial(target.sandboxId, port), signal);
    connection.on("error", () => {
      // It has been reached, which is all that was asked.
    });
    connection.destroy();
    return { success: true, output: "" };
  } catch (error) {
    return { success: false, output: describeDialError(error, `${host}:${port}`) };
  }
}

function describeDialError(error: unknown, address: string): string {
  const message = errorMessage(error);
  return /ECONNREFUSED|refused/.test(message) ? `dial tcp ${address}: connect: connection refused` : message;
}

/** The number of a port given as number or name of one of the container's ports. @throws KelpieError */
export function resolvePort(value: unknown, container: PodContainer): number {
  if (typeof value === "number") return value;
  const name = asString(value);
  const named = container.ports.find((port) => asRecord(port)["name"] === name);
  const port = named === undefined ? Number(name) : asNumber(named["containerPort"]);
  if (!Number.isInteger(port) || port < 1 || port > 65_535) {
    throw new KelpieError(`couldn't find port: ${JSON.stringify(name)} of container "${container.name}"`);
  }
  return port;
}

/** Gives up waiting when the signal aborts; a connection that comes later is closed. */
async function abortable<T extends { destroy(): unknown }>(pending: Promise<T>, signal: AbortSignal): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  const abort = (): void => reject(new KelpieError("context deadline exceeded"));
  if (signal.aborted) abort();
  signal.addEventListener("abort", abort, { once: true });
  try {
    return await Promise.race([pending, promise]);
  } catch (error) {
    pending.then((late) => late.destroy()).catch(() => undefined);
    throw error;
  } finally {
    signal.removeEventListener("abort", abort);
  }
}
