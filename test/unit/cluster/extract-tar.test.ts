import { lstat, mkdtemp, readdir, readFile, readlink, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { afterEach, beforeEach, expect, test } from "vitest";
import { extractTar } from "../../../src/cluster/copy/extract-tar.ts";
import { ARCHIVE_END, formatHeader, paddingOf, type TarEntry } from "../../../src/lib/tar/header.ts";

let folder = "";
let skipped: string[] = [];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "kelpie-extract-"));
  skipped = [];
});
afterEach(() => rm(folder, { recursive: true, force: true }));

type Member = Partial<Omit<TarEntry, "type">> & {
  readonly name: string;
  readonly type?: "file" | "directory" | "symlink" | "hardlink";
  readonly body?: string;
};

function archive(members: readonly Member[]): Readable {
  const parts = members.flatMap(({ body = "", type = "file", ...rest }) => {
    const bytes = Buffer.from(body);
    const entry = { mode: 0o644, modifiedAt: 1_700_000_000_000, linkName: "", ...rest, type, size: bytes.length };
    return [formatHeader(entry), bytes, paddingOf(bytes.length)];
  });
  return Readable.from([Buffer.concat([...parts, ARCHIVE_END])]);
}

async function extract(members: readonly Member[], base = "base"): Promise<readonly string[]> {
  const root = join(folder, "root");
  const report = {
    file() {},
    bytes() {},
    left() {},
    skip: (name: string, why: string) => void skipped.push(`${name}: ${why}`),
  };
  await extractTar(archive(members), base, root, report);
  return (await readdir(folder, { recursive: true })).sort();
}

test.each([
  ["an absolute name", "/etc/evil"],
  ["a name that climbs", "base/../../evil"],
  ["a name that climbs at once", "../evil"],
  ["a name beside what was asked for", "other/evil"],
])("%s is left out", async (_, name) => {
  expect(
    await extract([
      { name: "base/", type: "directory" },
      { name, body: "evil" },
    ]),
  ).toEqual(["root"]);
  expect(skipped).toEqual([`${name}: its name leads out of what is copied`]);
});

test.each([
  ["an absolute link", "/etc/passwd"],
  ["a link that climbs out", "../../outside"],
  ["a link that climbs behind another step", "here/../../../outside"],
])("%s is left out", async (_, linkName) => {
  const files = await extract([
    { name: "base/link", type: "symlink", linkName },
    { name: "base/kept", body: "kept" },
  ]);
  expect(files).toEqual(["root", "root/kept"]);
  expect(skipped[0]).toContain(`it is a link to ${linkName}, outside`);
});

test("nothing is written through a link, whichever came first", async () => {
  const files = await extract([
    { name: "base/link", type: "symlink", linkName: "." },
    { name: "base/link/file", body: "in a folder" },
    { name: "base/deep/up", type: "symlink", linkName: "../link" },
    { name: "base/deep/up/far", type: "symlink", linkName: "../../../outside" },
    { name: "base/deep/up/second", type: "hardlink", linkName: "base/link/file" },
  ]);
  expect(files.every((name) => !name.includes("outside"))).toBe(true);
  expect((await lstat(join(folder, "root/link"))).isDirectory()).toBe(true);
  expect(await readFile(join(folder, "root/link/file"), "utf8")).toBe("in a folder");
  expect((await readdir(folder)).sort()).toEqual(["root"]);
});

test("links that stay inside are kept, second names become copies", async () => {
  await extract([
    { name: "base/folder/file", body: "words" },
    { name: "base/link", type: "symlink", linkName: "folder/file" },
    { name: "base/folder/back", type: "symlink", linkName: "../link" },
    { name: "base/twin", type: "hardlink", linkName: "base/folder/file" },
    { name: "base/foreign", type: "hardlink", linkName: "/etc/passwd" },
  ]);
  expect(await readlink(join(folder, "root/link"))).toBe("folder/file");
  expect(await readFile(join(folder, "root/folder/back"), "utf8")).toBe("words");
  expect(await readFile(join(folder, "root/twin"), "utf8")).toBe("words");
  expect(skipped).toEqual(["base/foreign: it is a link to /etc/passwd, which is not copied"]);
});

test("set-user-id goes, times and permissions stay, a closed folder is filled first", async () => {
  await extract([
    { name: "base/closed/", type: "directory", mode: 0o555 },
    { name: "base/closed/tool", body: "#!", mode: 0o4755 },
  ]);
  const { mode, mtimeMs } = await stat(join(folder, "root/closed/tool"));
  expect([mode & 0o7777 & ~0o022, mtimeMs]).toEqual([0o755, 1_700_000_000_000]);
});

test("a single file is written at the place itself, and a name twice in the archive fails", async () => {
  expect(await extract([{ name: "./base", body: "one" }])).toEqual(["root"]);
  expect(await readFile(join(folder, "root"), "utf8")).toBe("one");
  await rm(join(folder, "root"));
  const twice = [
    { name: "base/x", body: "1" },
    { name: "base/x", body: "2" },
  ];
  await expect(extract(twice)).rejects.toThrow("base/x cannot be written: the archive holds it twice");
});

test("a root directory is copied without a name of its own", async () => {
  expect(
    await extract(
      [
        { name: "./", type: "directory" },
        { name: "./etc/motd", body: "hi" },
      ],
      ".",
    ),
  ).toEqual(["root", "root/etc", "root/etc/motd"]);
});
