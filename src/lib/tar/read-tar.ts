import { KelpieError } from "../errors.ts";
import { BLOCK_BYTES, parseHeader, type TarEntry } from "./header.ts";

/** An archive that cannot be read. */
export class TarError extends KelpieError {
  override readonly name = "TarError";
}

/** A member whose body may be read until the next one is asked for. */
export interface TarMember {
  readonly entry: TarEntry;
  readonly body: () => AsyncGenerator<Buffer>;
}

/** Longest name or set of attributes that is believed. */
const MOST_NOTE_BYTES = 1024 * 1024;

/**
 * Reads an archive as it comes: ustar, pax and GNU's long names and numbers. Sparse files are members of another type.
 * @throws TarError where it ends too early or is none
 */
export async function* readTar(source: AsyncIterable<Uint8Array>): AsyncGenerator<TarMember> {
  const bytes = new ByteSource(source);
  let notes = new Map<string, string>();
  for (;;) {
    const block = await bytes.take(BLOCK_BYTES);
    if (block === undefined) throw new TarError("the archive ends before its end mark");
    if (block.every((byte) => byte === 0)) break;
    const header = parseHeader(block);
    if (header === undefined) throw new TarError("what came is no tar archive");
    const { flag, entry } = header;
    if ("xgLK".includes(flag)) {
      if (entry.size > MOST_NOTE_BYTES) throw new TarError("a name in the archive is longer than any file's");
      const text = await bytes.take(entry.size);
      await bytes.skip(paddingAfter(entry.size));
      if (text === undefined) throw new TarError("the archive is cut off in a name");
      for (const [key, value] of notesOf(flag, text)) notes.set(key, value);
      continue;
    }
    const named = withNotes(entry, notes);
    notes = new Map();
    // Links and directories have no body, whatever the field says (POSIX).
    const size = named.type === "file" || named.type === "other" ? named.size : 0;
    let left = size;
    yield {
      entry: { ...named, size },
      async *body() {
        while (left > 0) {
          const chunk = await bytes.some(left);
          left -= chunk.length;
          yield chunk;
        }
      },
    };
    await bytes.skip(left + paddingAfter(size));
  }
  await bytes.drain();
}

function paddingAfter(size: number): number {
  return (BLOCK_BYTES - (size % BLOCK_BYTES)) % BLOCK_BYTES;
}

/** Attributes of the next member. Those of all that follow (`g`) hold nothing that is needed here. */
function notesOf(flag: string, text: Buffer): ReadonlyArray<readonly [key: string, value: string]> {
  const end = text.indexOf(0);
  if (flag === "L") return [["path", text.toString("utf8", 0, end === -1 ? text.length : end)]];
  if (flag === "K") return [["linkpath", text.toString("utf8", 0, end === -1 ? text.length : end)]];
  return flag === "x" ? paxRecords(text) : [];
}

/** Records `<length> <key>=<value>\n`, the length in bytes and of the whole record. */
function paxRecords(text: Buffer): ReadonlyArray<readonly [key: string, value: string]> {
  const records: Array<readonly [string, string]> = [];
  for (let at = 0; at < text.length;) {
    const space = text.indexOf(0x20, at);
    const length = space === -1 ? Number.NaN : Number(text.toString("latin1", at, space));
    if (!Number.isInteger(length) || length <= 0 || at + length > text.length) break;
    const record = text.toString("utf8", space + 1, at + length - 1);
    const equals = record.indexOf("=");
    if (equals > 0) records.push([record.slice(0, equals), record.slice(equals + 1)]);
    at += length;
  }
  return records;
}

function withNotes(entry: TarEntry, notes: ReadonlyMap<string, string>): TarEntry {
  const size = Number(notes.get("size") ?? Number.NaN);
  const name = notes.get("path") ?? entry.name;
  const sparse = [...notes.keys()].some((key) => key.startsWith("GNU.sparse."));
  return {
    ...entry,
    name,
    linkName: notes.get("linkpath") ?? entry.linkName,
    // Archives from before ustar tell a directory by its name; a long one is cut in the header.
    type: sparse ? "other" : entry.type === "file" && name.endsWith("/") ? "directory" : entry.type,
    size: Number.isSafeInteger(size) && size >= 0 ? size : entry.size,
  };
}

class ByteSource {
  readonly #chunks: AsyncIterator<Uint8Array>;
  #rest: Buffer = Buffer.alloc(0);

  constructor(source: AsyncIterable<Uint8Array>) {
    this.#chunks = source[Symbol.asyncIterator]();
  }

  /** Exactly so many bytes, `undefined` where nothing is left. */
  async take(count: number): Promise<Buffer | undefined> {
    const parts: Buffer[] = [];
    let missing = count;
    while (missing > 0) {
      if (this.#rest.length === 0 && !(await this.#more())) {
        if (parts.length === 0) return undefined;
        throw new TarError("the archive is cut off");
      }
      const part = this.#rest.subarray(0, missing);
      this.#rest = this.#rest.subarray(part.length);
      missing -= part.length;
      parts.push(part);
    }
    return parts.length === 1 ? parts[0] : Buffer.concat(parts);
  }

  /** At least one byte and at most so many. */
  async some(most: number): Promise<Buffer> {
    if (this.#rest.length === 0 && !(await this.#more())) throw new TarError("the archive is cut off in a file");
    const part = this.#rest.subarray(0, most);
    this.#rest = this.#rest.subarray(part.length);
    return part;
  }

  async skip(count: number): Promise<void> {
    for (let left = count; left > 0;) left -= (await this.some(left)).length;
  }

  /** Reads to the end: tar pads to whole records. */
  async drain(): Promise<void> {
    while (await this.#more());
  }

  async #more(): Promise<boolean> {
    for (;;) {
      const next = await this.#chunks.next();
      if (next.done === true) return false;
      this.#rest = Buffer.isBuffer(next.value) ? next.value : Buffer.from(next.value);
      if (this.#rest.length > 0) return true;
    }
  }
}
