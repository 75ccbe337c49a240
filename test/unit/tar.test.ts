import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { ARCHIVE_END, formatHeader, paddingOf, type TarEntry } from "../../src/lib/tar/header.ts";
import { readTar } from "../../src/lib/tar/read-tar.ts";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "kelpie-tar-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** The same numbers on every run. */
function generator(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

const PARTS = [
  "a",
  "long name with spaces",
  "ä-ö-ü",
  "日本語",
  "x".repeat(90),
  "quote'\"",
  "new\nline",
  "-dash",
  "ß".repeat(60),
];

/** Writes a random tree and returns its names, parents first. */
function makeTree(root: string, next: (below: number) => number): void {
  mkdirSync(root);
  const directories = [root];
  for (let count = 0; count < 25; count += 1) {
    const parent = directories[next(directories.length)] ?? root;
    const path = join(parent, `${count} ${PARTS[next(PARTS.length)] ?? ""}`);
    if (path.length > 1500) continue;
    const kind = next(10);
    if (kind < 3) {
      mkdirSync(path);
      directories.push(path);
    } else if (kind < 4) symlinkSync(`${"t".repeat(next(180))}target`, path);
    else {
      writeFileSync(path, Buffer.alloc([0, 1, 511, 512, 513, 70_000][next(6)] ?? 0, count));
      chmodSync(path, [0o644, 0o600, 0o755][next(3)] ?? 0o644);
    }
    if (kind !== 3) utimesSync(path, 1_700_000_000 + count, 1_700_000_000 + count);
  }
}

/** What a tree holds: type, content or target, permissions and time by name. */
function describeTree(root: string): ReadonlyMap<string, unknown> {
  const found = new Map<string, unknown>();
  for (const entry of readdirSync(root, { withFileTypes: true, recursive: true })) {
    const path = join(entry.parentPath, entry.name);
    const name = path.slice(root.length + 1);
    if (entry.isDirectory()) found.set(name, "directory");
    else if (entry.isSymbolicLink()) found.set(name, `-> ${readlinkSync(path)}`);
    else {
      const { mode, mtimeMs } = statSync(path);
      found.set(name, [readFileSync(path).toString("hex"), mode & 0o777, Math.floor(mtimeMs / 1000)]);
    }
  }
  return found;
}

/** What an archive holds, in the same form; names below `tree/`. */
async function describeArchive(chunks: AsyncIterable<Uint8Array>): Promise<ReadonlyMap<string, unknown>> {
  const found = new Map<string, unknown>();
  for await (const { entry, body } of readTar(chunks)) {
    const bytes: Buffer[] = [];
    for await (const chunk of body()) bytes.push(chunk);
    const name = entry.name.replace(/^tree\/?/, "").replace(/\/$/, "");
    if (name === "") continue;
    if (entry.type === "directory") found.set(name, "directory");
    else if (entry.type === "symlink") found.set(name, `-> ${entry.linkName}`);
    else found.set(name, [Buffer.concat(bytes).toString("hex"), entry.mode & 0o777, entry.modifiedAt / 1000]);
  }
  return found;
}

/** Cuts bytes anywhere. */
async function* inPieces(bytes: Buffer, next: (below: number) => number): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length;) {
    const end = at + 1 + next(3000);
    yield bytes.subarray(at, end);
    at = end;
  }
}

describe.each([1, 2, 3, 4, 5, 6])("a random tree (seed %i)", (seed) => {
  test.each(["gnu", "pax", "oldgnu"])("is read from the archive that tar writes in the form %s", async (format) => {
    const next = generator(seed);
    makeTree(join(folder, "tree"), next);
    const archive = execFileSync("tar", ["cf", "-", `--format=${format}`, "-C", folder, "tree"], {
      maxBuffer: 2 ** 26,
    });
    expect(await describeArchive(inPieces(archive, next))).toEqual(describeTree(join(folder, "tree")));
  });

  test("is unpacked by tar from the archive written here", async () => {
    const root = join(folder, "tree");
    makeTree(root, generator(seed));
    mkdirSync(join(folder, "out"));
    const tar = spawn("tar", ["xf", "-", "-C", join(folder, "out")], { stdio: ["pipe", "inherit", "inherit"] });
    for (const entry of readdirSync(root, { withFileTypes: true, recursive: true }).toSorted((left, right) =>
      join(left.parentPath, left.name) < join(right.parentPath, right.name) ? -1 : 1,
    )) {
      const path = join(entry.parentPath, entry.name);
      const body = entry.isFile() ? readFileSync(path) : Buffer.alloc(0);
      const { mode, mtimeMs } = entry.isSymbolicLink() ? { mode: 0o777, mtimeMs: 0 } : statSync(path);
      tar.stdin.write(
        formatHeader({
          name: path.slice(root.length + 1) + (entry.isDirectory() ? "/" : ""),
          type: entry.isDirectory() ? "directory" : entry.isSymbolicLink() ? "symlink" : "file",
          size: body.length,
          mode: mode & 0o777,
          modifiedAt: mtimeMs,
          linkName: entry.isSymbolicLink() ? readlinkSync(path) : "",
        }),
      );
      tar.stdin.write(body);
      tar.stdin.write(paddingOf(body.length));
    }
    tar.stdin.end(ARCHIVE_END);
    const [code] = await once(tar, "close");
    expect(code).toBe(0);
    expect(describeTree(join(folder, "out"))).toEqual(describeTree(root));
  });
});

const file: TarEntry & { readonly type: "file" } = {
  name: "file",
  type: "file",
  size: 3,
  mode: 0o644,
  modifiedAt: 0,
  linkName: "",
};

test("a file of more than 8 GiB keeps its size", async () => {
  const size = 2 ** 35 + 5;
  const members = readTar(Readable.from([formatHeader({ ...file, size })]));
  expect((await members.next()).value).toMatchObject({ entry: { size } });
});

test.each([
  ["what is no archive", Buffer.alloc(1024, "no archive "), "no tar archive"],
  ["an archive without its end", Buffer.concat([formatHeader(file), Buffer.alloc(512)]), "before its end mark"],
  ["an archive cut off in a file", Buffer.concat([formatHeader(file), Buffer.from("ab")]), "cut off in a file"],
  ["an archive cut off in a header", formatHeader(file).subarray(0, 100), "cut off"],
  ["nothing at all", Buffer.alloc(0), "before its end mark"],
])("%s is refused in words", async (_, bytes, words) => {
  await expect(describeArchive(Readable.from([bytes]))).rejects.toThrow(words);
});
