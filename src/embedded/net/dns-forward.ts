import { createSocket } from "node:dgram";
import { isIP, type Socket } from "node:net";
import { delay, type Clock } from "../../lib/clock.ts";
import { readText } from "../runtimes/container-files.ts";

const ANSWER_MILLISECONDS = 3000;

/** The name servers of this machine. */
export function machineNameServers(resolvConf: string): string[] {
  return resolvConf
    .split("\n")
    .flatMap((line) => /^nameserver\s+(\S+)/.exec(line.trim())?.[1] ?? [])
    .filter((address) => isIP(address) !== 0);
}

/** Asks the machine's first name server; `undefined` when it has none or that does not answer. */
export async function forwardDatagram(message: Buffer, clock: Clock): Promise<Buffer | undefined> {
  const [server] = machineNameServers(readText("/etc/resolv.conf") ?? "");
  if (server === undefined || message.length === 0) return undefined;
  const socket = createSocket(isIP(server) === 6 ? "udp6" : "udp4");
  const patience = new AbortController();
  try {
    const answer = new Promise<Buffer | undefined>((resolve) => {
      socket.once("message", resolve);
      socket.once("error", () => resolve(undefined));
    });
    socket.send(message, 53, server);
    const late = delay(clock, ANSWER_MILLISECONDS, patience.signal).then(
      () => undefined,
      () => undefined,
    );
    return await Promise.race([answer, late]);
  } finally {
    patience.abort();
    socket.close();
  }
}

/** Reads one message with its length in front, as DNS over TCP has it. */
export async function readMessage(socket: Socket): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of socket.iterator({ destroyOnReturn: false })) {
    if (Buffer.isBuffer(chunk)) chunks.push(chunk);
    const all = Buffer.concat(chunks);
    if (all.length >= 2 && all.length >= 2 + all.readUInt16BE(0)) return all.subarray(2, 2 + all.readUInt16BE(0));
  }
  return Buffer.alloc(0);
}
