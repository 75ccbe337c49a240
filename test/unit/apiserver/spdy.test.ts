import { once } from "node:events";
import { text } from "node:stream/consumers";
import { constants, createDeflate, type Deflate } from "node:zlib";
import { describe, expect, it } from "vitest";
import { SPDY_DICTIONARY } from "../../../src/lib/spdy/spdy-dictionary.ts";
import { SpdySession, type Flow, type SpdyStream } from "../../../src/lib/spdy/spdy-session.ts";

const FIN = 1;

/** The frames of a client, as bytes. */
class Client {
  readonly #deflate: Deflate = createDeflate({ dictionary: SPDY_DICTIONARY });

  async open(id: number, headers: Readonly<Record<string, string>>, flags = 0): Promise<Buffer> {
    const entries = Object.entries(headers);
    const block = [uint32(entries.length)];
    for (const part of entries.flat()) block.push(uint32(part.length), Buffer.from(part));
    const compressed = await this.#compress(Buffer.concat(block));
    return control(1, flags, Buffer.concat([uint32(id), uint32(0), Buffer.alloc(2), compressed]));
  }

  #compress(block: Buffer): Promise<Buffer> {
    return new Promise((resolve) => {
      const chunks: Buffer[] = [];
      const collect = (chunk: Buffer): void => void chunks.push(chunk);
      this.#deflate.on("data", collect);
      this.#deflate.write(block);
      this.#deflate.flush(constants.Z_SYNC_FLUSH, () => {
        this.#deflate.off("data", collect);
        resolve(Buffer.concat(chunks));
      });
    });
  }
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

function control(type: number, flags: number, payload: Buffer): Buffer {
  const head = Buffer.from([0x80, 3, 0, type, flags, 0, 0, 0]);
  head.writeUIntBE(payload.length, 5, 3);
  return Buffer.concat([head, payload]);
}

function data(id: number, payload: string, flags = 0): Buffer {
  const head = Buffer.concat([uint32(id), Buffer.from([flags, 0, 0, 0])]);
  head.writeUIntBE(payload.length, 5, 3);
  return Buffer.concat([head, Buffer.from(payload)]);
}

interface Sent {
  readonly frames: Array<{
    readonly control: number | undefined;
    readonly id: number;
    readonly flags: number;
    readonly text: string;
  }>;
  readonly session: SpdySession;
}

function newSession(flow?: Flow): Sent {
  const frames: Sent["frames"] = [];
  const session = new SpdySession(async (bytes) => {
    const word = bytes.readUInt32BE(0);
    const isControl = word >= 0x8000_0000;
    frames.push({
      control: isControl ? word & 0xffff : undefined,
      id: isControl ? bytes.readUInt32BE(8) : word,
      flags: bytes.readUInt8(4),
      text: isControl ? "" : bytes.subarray(8).toString(),
    });
  }, flow);
  return { frames, session };
}

async function opened(session: SpdySession): Promise<SpdyStream> {
  const [stream] = await once(session, "stream");
  return stream;
}

describe("a SPDY session", () => {
  it("reads streams and data from bytes that come one by one", async () => {
    const { session, frames } = newSession();
    const client = new Client();
    const stream = opened(session);
    const bytes = Buffer.concat([await client.open(1, { StreamType: "stdin" }), data(1, "hel"), data(1, "lo", FIN)]);
    for (const byte of bytes) session.feed(Buffer.from([byte]));
    expect((await stream).headers).toEqual({ streamtype: "stdin" });
    expect(await text(await stream)).toBe("hello");
    expect(frames[0]).toMatchObject({ control: 2, id: 1 });
  });

  it("keeps the state of header compression over streams", async () => {
    const { session } = newSession();
    const client = new Client();
    for (const id of [1, 3, 5]) {
      const stream = opened(session);
      session.feed(await client.open(id, { streamType: "error", port: "80", requestID: String(id) }, FIN));
      expect((await stream).headers).toEqual({ streamtype: "error", port: "80", requestid: String(id) });
    }
  });

  it("writes in pieces, ends with FIN, and gives up with a reset", async () => {
    const { session, frames } = newSession();
    const client = new Client();
    const first = opened(session);
    session.feed(await client.open(1, { streamType: "stdout" }));
    const stream = await first;
    stream.write("x".repeat(70_000));
    stream.end("end");
    await once(stream, "finish");
    const sent = frames.filter(({ control: type }) => type === undefined);
    expect(sent.map(({ text: piece }) => piece).join("")).toBe(`${"x".repeat(70_000)}end`);
    expect(sent.every(({ text: piece }) => piece.length <= 32 * 1024)).toBe(true);
    expect(sent.at(-1)?.flags).toBe(FIN);
    const second = opened(session);
    session.feed(await client.open(3, { streamType: "stdout" }));
    (await second).destroy();
    await once(await second, "close");
    expect(frames.at(-1)).toMatchObject({ control: 3, id: 3 });
  });

  it("holds its connection back while a stream is not read, and lets it on when it is", async () => {
    const calls: string[] = [];
    const { session } = newSession({ pause: () => calls.push("pause"), resume: () => calls.push("resume") });
    const client = new Client();
    const opening = opened(session);
    session.feed(await client.open(1, { streamType: "stdin" }));
    const stream = await opening;
    const piece = data(1, "x".repeat(2 ** 20));
    for (let count = 0; count < 6; count += 1) session.feed(piece);
    await expect.poll(() => calls).toEqual(["pause"]);
    stream.resume();
    await expect.poll(() => calls).toEqual(["pause", "resume"]);
  });

  it("reads a frame of 16 MB that comes in small pieces without copying it over and over", async () => {
    const { session } = newSession();
    const client = new Client();
    const opening = opened(session);
    session.feed(await client.open(1, { streamType: "data" }));
    const stream = await opening;
    const bytes = data(1, "x".repeat(2 ** 24 - 1), FIN);
    const before = process.cpuUsage();
    for (let offset = 0; offset < bytes.length; offset += 4096) session.feed(bytes.subarray(offset, offset + 4096));
    expect(process.cpuUsage(before).user).toBeLessThan(1_000_000);
    expect((await text(stream)).length).toBe(2 ** 24 - 1);
  });

  it("ends at headers that unpack to gigabytes, at garbage and at lengths that lie", async () => {
    const bomb = await new Client().open(1, { streamType: "x".repeat(2 ** 26) });
    const lie = control(1, 0, Buffer.from([0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 1, 2, 3]));
    for (const bytes of [bomb, lie]) {
      const { session } = newSession();
      const failed = once(session, "error");
      session.feed(bytes);
      const [error]: readonly unknown[] = await failed.catch((thrown: unknown) => [thrown]);
      expect(error).toBeInstanceOf(Error);
    }
  });

  it("answers a ping", async () => {
    const { session, frames } = newSession();
    const client = new Client();
    session.feed(control(6, 0, uint32(7)));
    const stream = opened(session);
    session.feed(await client.open(1, {}));
    await stream;
    expect(frames[0]).toMatchObject({ control: 6, id: 7 });
  });

  it("ends with an error where headers cannot be decompressed", async () => {
    const { session } = newSession();
    const failed = once(session, "error");
    session.feed(control(1, 0, Buffer.concat([uint32(1), uint32(0), Buffer.alloc(2), Buffer.from("not deflate")])));
    const [error] = await failed;
    expect(error).toBeInstanceOf(Error);
  });
});
