import { createSocket, type Socket as DatagramSocket } from "node:dgram";
import { createServer, type Server, type Socket } from "node:net";
import type { Clock } from "../../lib/clock.ts";
import { formatAnswer, parseQuestion, RESPONSE_CODES } from "./dns-message.ts";
import { answerFromZone } from "./dns-zone.ts";
import type { Zone } from "./network-table.ts";

const PORT = 53;
/** A connection may ask as long as this. */
const TCP_MILLISECONDS = 30_000;

/** Answers for names outside the cluster; gets and returns whole messages, `undefined` where nobody answered. */
export type ForwardDns = (message: Buffer) => Promise<Buffer | undefined>;

/** The DNS server of the cluster, over UDP and TCP. */
export interface DnsServer {
  close(): void;
}

export async function startDnsServer(
  address: string,
  zone: () => Zone,
  forward: ForwardDns,
  clock: Clock,
): Promise<DnsServer> {
  const reply = async (message: Buffer, transport: "udp" | "tcp"): Promise<Buffer | undefined> => {
    const question = parseQuestion(message);
    if (question === undefined) return undefined;
    const own = answerFromZone(zone(), question.name, question.type);
    if (own !== undefined) return formatAnswer(question, own, transport);
    const refused = { code: RESPONSE_CODES.ServerFailure, answers: [], additional: [] };
    return (await forward(message)) ?? formatAnswer(question, refused, transport);
  };
  const udp = await bindDatagrams(address, reply);
  try {
    const tcp = await listen(address, reply, clock);
    return {
      close() {
        udp.close();
        tcp.close();
      },
    };
  } catch (error) {
    udp.close();
    throw error;
  }
}

type Reply = (message: Buffer, transport: "udp" | "tcp") => Promise<Buffer | undefined>;

function bindDatagrams(address: string, reply: Reply): Promise<DatagramSocket> {
  const socket = createSocket("udp4");
  socket.on("message", (message, from) => {
    void reply(message, "udp").then((answer) => {
      // A client that is gone is no error of the server.
      if (answer !== undefined) socket.send(answer, from.port, from.address, () => {});
    });
  });
  return new Promise((resolve, reject) => {
    socket.once("error", reject);
    socket.bind(PORT, address, () => {
      socket.removeListener("error", reject);
      socket.on("error", () => {});
      resolve(socket);
    });
  });
}

function listen(address: string, reply: Reply, clock: Clock): Promise<Server> {
  const server = createServer((connection) => serve(connection, reply, clock));
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(PORT, address, () => {
      server.removeListener("error", reject);
      server.on("error", () => {});
      resolve(server);
    });
  });
}

/** Messages over TCP have their length in front, two bytes. */
function serve(connection: Socket, reply: Reply, clock: Clock): void {
  let pending = Buffer.alloc(0);
  connection.on("error", () => connection.destroy());
  const cancel = clock.after(TCP_MILLISECONDS, () => connection.destroy(), { background: true });
  connection.on("close", cancel);
  connection.on("data", (chunk) => {
    pending = Buffer.concat([pending, chunk]);
    while (pending.length >= 2 && pending.length >= 2 + pending.readUInt16BE(0)) {
      const length = pending.readUInt16BE(0);
      const message = pending.subarray(2, 2 + length);
      pending = pending.subarray(2 + length);
      void reply(Buffer.from(message), "tcp").then((answer) => {
        if (answer !== undefined && connection.writable) connection.write(withLength(answer));
      });
    }
  });
}

export function withLength(message: Buffer): Buffer {
  const length = Buffer.alloc(2);
  length.writeUInt16BE(message.length, 0);
  return Buffer.concat([length, message]);
}
