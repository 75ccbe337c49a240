import { EventEmitter } from "node:events";
import { Duplex } from "node:stream";
import { callbackify } from "node:util";
import { constants, createInflate, type Inflate } from "node:zlib";
import { SPDY_DICTIONARY } from "./spdy-dictionary.ts";

/**
 * SPDY/3.1 as Kubernetes speaks it (moby/spdystream): the client opens the streams, nobody uses flow control, push or
 * settings.
 */

const FRAME = { synStream: 1, synReply: 2, rstStream: 3, settings: 4, ping: 6, goAway: 7 } as const;
const FLAG_FIN = 1;
const HEADER_BYTES = 8;
const MAX_CHUNK_BYTES = 32 * 1024;
const CANCEL = 5;
/** What one stream may hold unread before the connection waits for its reader. */
const MAX_UNREAD_BYTES = 4 * 2 ** 20;
const MAX_HEADERS_BYTES = 2 ** 20;

/** Takes the bytes of frames; resolves when more may be sent. */
export type SendBytes = (bytes: Buffer) => Promise<void>;

/** Holds the connection's bytes back, and lets them come again. */
export interface Flow {
  pause(): void;
  resume(): void;
}

type Headers = Readonly<Record<string, string>>;

interface Frames {
  data(id: number, payload: Buffer, fin: boolean): Promise<void>;
  reset(id: number): Promise<void>;
  /** Everything that came was taken. */
  drained(): void;
}

/** One stream: reading ends with the other side's FIN, `end` sends ours. */
export class SpdyStream extends Duplex {
  readonly id: number;
  readonly headers: Headers;
  readonly #frames: Frames;
  #finished = false;

  constructor(id: number, headers: Headers, frames: Frames) {
    super({ allowHalfOpen: true });
    this.id = id;
    this.headers = headers;
    this.#frames = frames;
  }

  override _read(): void {
    // The session pushes what arrives: without flow control only the whole connection can be held back.
    this.#frames.drained();
  }

  override _write(chunk: Buffer, _encoding: string, done: (error?: Error | null) => void): void {
    callbackify(() => this.#writeAll(chunk))((error) => done(error));
  }

  override _final(done: (error?: Error | null) => void): void {
    this.#finished = true;
    callbackify(() => this.#frames.data(this.id, Buffer.alloc(0), true))((error) => done(error));
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    if (this.#finished) done(error);
    else callbackify(() => this.#frames.reset(this.id))(() => done(error));
    this.#finished = true;
  }

  async #writeAll(chunk: Buffer): Promise<void> {
    for (let offset = 0; offset < chunk.length; offset += MAX_CHUNK_BYTES) {
      await this.#frames.data(this.id, chunk.subarray(offset, offset + MAX_CHUNK_BYTES), false);
    }
  }
}

interface SessionEvents {
  stream: [SpdyStream];
  error: [Error];
}

/** Frames of one connection. Emits `stream` for each that the other side opens. */
export class SpdySession extends EventEmitter<SessionEvents> {
  readonly #send: SendBytes;
  readonly #inflate: Inflate = createInflate({ dictionary: SPDY_DICTIONARY });
  readonly #streams = new Map<number, SpdyStream>();
  readonly #flow: Flow | undefined;
  readonly #full = new Set<SpdyStream>();
  #input: Buffer = Buffer.alloc(0);
  /** What came since; joined when it completes a frame, or a large one would be copied with each piece of it. */
  #chunks: Buffer[] = [];
  #chunksLength = 0;
  #reading = false;
  #firstBlock = true;
  #nextId = 1;
  #closed = false;

  constructor(send: SendBytes, flow?: Flow) {
    super();
    this.#send = send;
    this.#flow = flow;
    this.#inflate.on("error", (error) => this.#fail(error));
  }

  /** Takes bytes from the connection, split anyhow. */
  feed(bytes: Buffer): void {
    if (this.#closed) return;
    this.#chunks.push(bytes);
    this.#chunksLength += bytes.length;
    if (this.#reading) return;
    this.#reading = true;
    this.#readAll().catch((error: unknown) => this.#fail(error instanceof Error ? error : new Error(String(error))));
  }

  /** Opens a stream, as clients do. Names of headers are in lower case. */
  async open(headers: Headers): Promise<SpdyStream> {
    const id = this.#nextId;
    this.#nextId += 2;
    const stream = this.#createStream(id, headers);
    // No associated stream, no priority.
    const head = Buffer.alloc(10);
    head.writeUInt32BE(id, 0);
    await this.#control(FRAME.synStream, Buffer.concat([head, this.#headerBlock(headers)]));
    return stream;
  }

  /** The connection is gone: every stream ends. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const stream of this.#streams.values()) stream.destroy();
    this.#streams.clear();
    this.#full.clear();
    this.#inflate.destroy();
  }

  #fail(error: Error): void {
    if (this.#closed) return;
    this.close();
    this.emit("error", error);
  }

  async #readAll(): Promise<void> {
    try {
      await this.#readFrames();
    } finally {
      this.#reading = false;
    }
    // What came after the last look and before the flag was down has nobody else to read it.
    if (this.#frameLength() !== undefined) this.feed(Buffer.alloc(0));
  }

  /** Whether so many bytes stand in `#input`, where need be with what came since. */
  #has(length: number): boolean {
    if (this.#input.length >= length) return true;
    if (this.#input.length + this.#chunksLength < length) return false;
    this.#input = Buffer.concat([this.#input, ...this.#chunks]);
    this.#chunks = [];
    this.#chunksLength = 0;
    return true;
  }

  /** Bytes of the next frame with its header, `undefined` while it is not whole. */
  #frameLength(): number | undefined {
    if (!this.#has(HEADER_BYTES)) return undefined;
    const length = HEADER_BYTES + this.#input.readUIntBE(5, 3);
    return this.#has(length) ? length : undefined;
  }

  /** Frames in order; the one wait is for the decompression of a header block, which zlib does elsewhere. */
  async #readFrames(): Promise<void> {
    while (!this.#closed) {
      const end = this.#frameLength();
      if (end === undefined) return;
      const word = this.#input.readUInt32BE(0);
      const flags = this.#input.readUInt8(4);
      const payload = this.#input.subarray(HEADER_BYTES, end);
      this.#input = this.#input.subarray(end);
      if (word < 0x8000_0000) this.#onData(word, flags, payload);
      else await this.#onControl(word & 0xffff, flags, payload);
    }
  }

  #onData(id: number, flags: number, payload: Buffer): void {
    const stream = this.#streams.get(id);
    if (stream === undefined || stream.destroyed) return;
    if (payload.length > 0 && !stream.push(Buffer.from(payload)) && stream.readableLength > MAX_UNREAD_BYTES) {
      if (this.#full.size === 0) this.#flow?.pause();
      this.#full.add(stream);
    }
    if ((flags & FLAG_FIN) !== 0) stream.push(null);
  }

  #onDrained(stream: SpdyStream): void {
    if (this.#full.delete(stream) && this.#full.size === 0) this.#flow?.resume();
  }

  async #onControl(type: number, flags: number, payload: Buffer): Promise<void> {
    switch (type) {
      case FRAME.synStream:
        return this.#onOpen(flags, payload);
      case FRAME.synReply:
        // It says nothing, and the decompressor must not miss it.
        await this.#decompress(payload.subarray(4));
        return;
      case FRAME.rstStream:
        this.#streams.get(payload.readUInt32BE(0) & 0x7fff_ffff)?.destroy();
        return;
      case FRAME.ping:
        return this.#control(FRAME.ping, payload);
      default:
        // Settings and GOAWAY ask for nothing here.
        return;
    }
  }

  async #onOpen(flags: number, payload: Buffer): Promise<void> {
    const id = payload.readUInt32BE(0) & 0x7fff_ffff;
    const headers = parseHeaders(await this.#decompress(payload.subarray(10)));
    const stream = this.#createStream(id, headers);
    await this.#control(FRAME.synReply, Buffer.concat([payload.subarray(0, 4), this.#headerBlock({})]));
    this.emit("stream", stream);
    if ((flags & FLAG_FIN) !== 0) stream.push(null);
  }

  #createStream(id: number, headers: Headers): SpdyStream {
    const stream: SpdyStream = new SpdyStream(id, headers, {
      data: (streamId, bytes, fin) => this.#data(streamId, bytes, fin),
      reset: (streamId) => this.#reset(streamId),
      drained: () => this.#onDrained(stream),
    });
    // Whoever uses the stream sees its end; an error here has nobody else to tell.
    stream.on("error", () => undefined);
    stream.on("close", () => {
      this.#streams.delete(id);
      this.#onDrained(stream);
    });
    this.#streams.set(id, stream);
    return stream;
  }

  #decompress(block: Buffer): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      const chunks: Buffer[] = [];
      let length = 0;
      const collect = (chunk: Buffer): void => {
        chunks.push(chunk);
        length += chunk.length;
        // A few bytes may stand for gigabytes.
        if (length > MAX_HEADERS_BYTES) this.#inflate.destroy(new Error("the headers of a stream are too long"));
      };
      const settle = (finish: () => void): void => {
        this.#inflate.off("data", collect);
        this.#inflate.off("error", onError);
        finish();
      };
      const onError = (error: Error): void => settle(() => reject(error));
      this.#inflate.on("data", collect);
      this.#inflate.once("error", onError);
      this.#inflate.write(block, () => {
        this.#inflate.flush(constants.Z_SYNC_FLUSH, () => settle(() => resolve(Buffer.concat(chunks))));
      });
    });
  }

  /**
   * Headers as stored (uncompressed) deflate blocks: no compressor has to be kept. The empty block at the end is what
   * Go's inflater waits for before it reads on.
   */
  #headerBlock(headers: Headers): Buffer {
    const prefix = this.#firstBlock ? Buffer.from([0x78, 0xbb, ...adler32(SPDY_DICTIONARY)]) : Buffer.alloc(0);
    this.#firstBlock = false;
    const entries = Object.entries(headers);
    const texts = entries.flat().flatMap((text) => [uint32(Buffer.byteLength(text)), Buffer.from(text)]);
    const block = Buffer.concat([uint32(entries.length), ...texts]);
    const head = Buffer.alloc(5);
    head.writeUInt16LE(block.length, 1);
    head.writeUInt16LE(0xffff - block.length, 3);
    return Buffer.concat([prefix, head, block, Buffer.from([0, 0, 0, 0xff, 0xff])]);
  }

  #control(type: number, payload: Buffer): Promise<void> {
    const header = Buffer.alloc(HEADER_BYTES);
    header.writeUInt16BE(0x8003, 0);
    header.writeUInt16BE(type, 2);
    header.writeUIntBE(payload.length, 5, 3);
    return this.#write(Buffer.concat([header, payload]));
  }

  #data(id: number, payload: Buffer, fin: boolean): Promise<void> {
    const header = Buffer.alloc(HEADER_BYTES);
    header.writeUInt32BE(id, 0);
    header.writeUInt8(fin ? FLAG_FIN : 0, 4);
    header.writeUIntBE(payload.length, 5, 3);
    return this.#write(Buffer.concat([header, payload]));
  }

  #reset(id: number): Promise<void> {
    const payload = Buffer.alloc(8);
    payload.writeUInt32BE(id, 0);
    payload.writeUInt32BE(CANCEL, 4);
    return this.#control(FRAME.rstStream, payload);
  }

  async #write(bytes: Buffer): Promise<void> {
    if (!this.#closed) await this.#send(bytes);
  }
}

/** Name/value pairs with 32-bit lengths; names in lower case. */
function parseHeaders(block: Buffer): Headers {
  const headers: Record<string, string> = {};
  let offset = 4;
  const next = (): string => {
    const start = offset + 4;
    offset = start + block.readUInt32BE(offset);
    return block.toString("utf8", start, offset);
  };
  for (let left = block.readUInt32BE(0); left > 0; left -= 1) {
    const name = next().toLowerCase();
    headers[name] = next();
  }
  return headers;
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

function adler32(bytes: Buffer): readonly number[] {
  let low = 1;
  let high = 0;
  for (const byte of bytes) {
    low = (low + byte) % 65_521;
    high = (high + low) % 65_521;
  }
  return [high >> 8, high & 0xff, low >> 8, low & 0xff];
}
