/** A tar archive is made of these. */
export const BLOCK_BYTES = 512;

export type TarType = "file" | "directory" | "symlink" | "hardlink" | "other";

/** A member of an archive, as its header tells. */
export interface TarEntry {
  /** As it stands in the archive: it may be absolute, hold `..` or be anything else. */
  readonly name: string;
  readonly type: TarType;
  /** Bytes of the body that follows. */
  readonly size: number;
  /** Permission bits, `0o644`. */
  readonly mode: number;
  /** Milliseconds since the epoch. */
  readonly modifiedAt: number;
  /** What a link points at. */
  readonly linkName: string;
}

const TYPES: Readonly<Record<string, TarType>> = {
  "\0": "file",
  "0": "file",
  "1": "hardlink",
  "2": "symlink",
  "5": "directory",
  "7": "file",
};
const FLAGS: Readonly<Record<Exclude<TarType, "other">, string>> = {
  file: "0",
  hardlink: "1",
  symlink: "2",
  directory: "5",
};

/** Where each field of a header stands: first byte and length (POSIX.1-1988, ustar). */
const FIELDS = {
  name: [0, 100],
  mode: [100, 8],
  uid: [108, 8],
  gid: [116, 8],
  size: [124, 12],
  mtime: [136, 12],
  checksum: [148, 8],
  flag: [156, 1],
  linkName: [157, 100],
  magic: [257, 8],
  prefix: [345, 155],
} as const;
type Field = keyof typeof FIELDS;

/** A header block: an entry, or a note about the next one (`flag` `x`, `g`, `L`, `K`). */
export interface TarHeader {
  readonly flag: string;
  readonly entry: TarEntry;
}

/** @returns `undefined` where the block is no header: its checksum is wrong */
export function parseHeader(block: Buffer): TarHeader | undefined {
  if (numberAt(block, "checksum") !== checksum(block)) return undefined;
  const flag = String.fromCharCode(block[FIELDS.flag[0]] ?? 0);
  const name = textAt(block, "name");
  // GNU tar keeps times in the place of the prefix.
  const isPosix = block.toString("latin1", 257, 263) === "ustar\0";
  const prefix = isPosix ? textAt(block, "prefix") : "";
  const whole = prefix === "" ? name : `${prefix}/${name}`;
  return {
    flag,
    entry: {
      name: whole,
      type: TYPES[flag] ?? "other",
      size: numberAt(block, "size"),
      mode: numberAt(block, "mode") & 0o7777,
      modifiedAt: numberAt(block, "mtime") * 1000,
      linkName: textAt(block, "linkName"),
    },
  };
}

/**
 * The header of an entry, in the form of GNU tar: every tar reads its long names (busybox skips those of pax). Owner is
 * root, which a tar that does not run as root makes its own user.
 */
export function formatHeader(entry: TarEntry & { readonly type: Exclude<TarType, "other"> }): Buffer {
  const name = Buffer.from(entry.name);
  const link = Buffer.from(entry.linkName);
  return Buffer.concat([
    ...(name.length > FIELDS.name[1] ? longName("L", name) : []),
    ...(link.length > FIELDS.linkName[1] ? longName("K", link) : []),
    headerBlock(FLAGS[entry.type], name, link, entry),
  ]);
}

/** What fills the last block of a body. */
export function paddingOf(size: number): Buffer {
  return Buffer.alloc((BLOCK_BYTES - (size % BLOCK_BYTES)) % BLOCK_BYTES);
}

/** Two empty blocks. */
export const ARCHIVE_END: Buffer = Buffer.alloc(2 * BLOCK_BYTES);

function longName(flag: "L" | "K", text: Buffer): readonly Buffer[] {
  const body = Buffer.concat([text, Buffer.from([0])]);
  const header = headerBlock(flag, Buffer.from("././@LongLink"), Buffer.alloc(0), {
    size: body.length,
    mode: 0o644,
    modifiedAt: 0,
  });
  return [header, body, paddingOf(body.length)];
}

function headerBlock(
  flag: string,
  name: Buffer,
  link: Buffer,
  { size, mode, modifiedAt }: Pick<TarEntry, "size" | "mode" | "modifiedAt">,
): Buffer {
  const block = Buffer.alloc(BLOCK_BYTES);
  name.copy(block, FIELDS.name[0], 0, FIELDS.name[1]);
  link.copy(block, FIELDS.linkName[0], 0, FIELDS.linkName[1]);
  putNumber(block, "mode", mode & 0o7777);
  putNumber(block, "uid", 0);
  putNumber(block, "gid", 0);
  putNumber(block, "size", size);
  putNumber(block, "mtime", Math.max(0, Math.floor(modifiedAt / 1000)));
  block.write(flag, FIELDS.flag[0], "latin1");
  block.write("ustar  \0", FIELDS.magic[0], "latin1");
  putNumber(block, "checksum", checksum(block));
  return block;
}

/** The sum of all bytes, those of the checksum itself counted as spaces. */
function checksum(block: Buffer): number {
  const [start, length] = FIELDS.checksum;
  let sum = length * 0x20;
  for (const [index, byte] of block.entries()) if (index < start || index >= start + length) sum += byte;
  return sum;
}

function textAt(block: Buffer, field: Field): string {
  const [start, length] = FIELDS[field];
  const bytes = block.subarray(start, start + length);
  const end = bytes.indexOf(0);
  return bytes.toString("utf8", 0, end === -1 ? length : end);
}

/** Octal digits, or where the first bit is set a big-endian number (GNU). */
function numberAt(block: Buffer, field: Field): number {
  const [start, length] = FIELDS[field];
  const bytes = block.subarray(start, start + length);
  if (((bytes[0] ?? 0) & 0x80) === 0) {
    const digits = /[0-7]+/.exec(bytes.toString("latin1"))?.[0];
    return digits === undefined ? 0 : Number.parseInt(digits, 8);
  }
  return bytes.subarray(1).reduce((sum, byte) => sum * 256 + byte, (bytes[0] ?? 0) & 0x7f);
}

function putNumber(block: Buffer, field: Field, value: number): void {
  const [start, length] = FIELDS[field];
  const digits = value.toString(8);
  if (digits.length < length) {
    block.write(`${digits.padStart(length - 1, "0")}\0`, start, "latin1");
    return;
  }
  let rest = value;
  for (let at = start + length - 1; at > start; at -= 1) {
    block[at] = rest % 256;
    rest = Math.floor(rest / 256);
  }
  block[start] = 0x80;
}
