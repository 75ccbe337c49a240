import { existsSync } from "node:fs";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { CopyReporter } from "../../../src/cluster/copy/copy-reporter.ts";
import { download } from "../../../src/cluster/copy/download.ts";
import type { ContainerPlace } from "../../../src/cluster/copy/run-in-container.ts";
import { listLocal, upload } from "../../../src/cluster/copy/upload.ts";
import { ARCHIVE_END, formatHeader, paddingOf } from "../../../src/lib/tar/header.ts";
import { Cleanup, openFakeCluster } from "../../support/cluster-fixture.ts";
import type { FakeApiServer } from "../../support/fake-api-server.ts";
import type { FakeSession } from "../../support/fake-api-streams.ts";

const cleanup = new Cleanup();
let folder = "";
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "kelpie-copy-"));
});
afterEach(async () => {
  await cleanup.run();
  await rm(folder, { recursive: true, force: true });
});

const left: string[] = [];
const silent: CopyReporter = { file() {}, bytes() {}, skip() {}, left: (what) => void left.push(what) };
const never = new AbortController().signal;

type Container = (session: FakeSession, command: readonly string[]) => void;

/** A container whose commands a test plays; `readlink` is not in it. */
async function open(play: Container): Promise<{ readonly place: ContainerPlace; readonly server: FakeApiServer }> {
  const { server, cluster } = await openFakeCluster(cleanup, { pods: 0 });
  server.sessions.onSession = (session) => {
    const command = session.query.getAll("command");
    if (command[0] === "readlink") exit(session, 127);
    else play(session, command);
  };
  return { server, place: { cluster, namespace: "default", pod: "web", container: "main" } };
}

function exit(session: FakeSession, code: number, complaint = ""): void {
  if (complaint !== "") session.send(2, complaint);
  const details = { causes: [{ reason: "ExitCode", message: String(code) }] };
  session.send(3, JSON.stringify(code === 0 ? { status: "Success" } : { status: "Failure", details }));
  session.close();
}

function member(name: string, body: string): Buffer {
  const bytes = Buffer.from(body);
  const entry = { name, type: "file", size: bytes.length, mode: 0o644, modifiedAt: 0, linkName: "" } as const;
  return Buffer.concat([formatHeader(entry), bytes, paddingOf(bytes.length)]);
}

const fetch = (place: ContainerPlace, replaces = false): Promise<void> =>
  download(place, "/srv/data", { path: join(folder, "data"), replaces }, silent, never);

test("a file comes as tar sends it", async () => {
  const { place } = await open((session) => {
    session.send(1, Buffer.concat([member("./data", "words"), ARCHIVE_END]));
    exit(session, 0);
  });
  await fetch(place);
  expect(await readFile(join(folder, "data"), "utf8")).toBe("words");
});

test("a file that is there by now is replaced only where that was agreed to", async () => {
  const { place } = await open((session) => {
    session.send(1, Buffer.concat([member("./data", "new"), ARCHIVE_END]));
    exit(session, 0);
  });
  await writeFile(join(folder, "data"), "old");
  await expect(fetch(place)).rejects.toThrow("came into being meanwhile");
  expect(await readFile(join(folder, "data"), "utf8")).toBe("old");
  await fetch(place, true);
  expect(await readFile(join(folder, "data"), "utf8")).toBe("new");
});

test("a fault on this side ends the command, and leaves nothing", async () => {
  const gone = Promise.withResolvers<void>();
  const { place } = await open((session) => {
    session.onClose(() => gone.resolve());
    // It would go on for ever.
    session.send(1, Buffer.concat([member("./data/x", "1"), member("./data/x", "2")]));
  });
  await expect(fetch(place)).rejects.toThrow("the archive holds it twice");
  await gone.promise;
  expect(await readdir(folder)).toEqual([]);
});

test("a connection that is cut in the middle fails in words, and leaves nothing", async () => {
  const { place } = await open((session) => {
    session.send(1, member("./data", "words").subarray(0, 514));
    session.cut();
  });
  await expect(fetch(place)).rejects.toThrow(/connection was cut/);
  expect(await readdir(folder)).toEqual([]);
});

test("an archive without its end is not taken for a whole one, though tar says that it is", async () => {
  const { place } = await open((session) => {
    session.send(1, member("./data", "words"));
    exit(session, 0);
  });
  await expect(fetch(place)).rejects.toThrow("the archive ends before its end mark");
  expect(await readdir(folder)).toEqual([]);
});

test("a file that grew while tar read it is copied all the same", async () => {
  const { place } = await open((session) => {
    session.send(1, Buffer.concat([member("./data", "words"), ARCHIVE_END]));
    exit(session, 1, "tar: ./data: file changed as we read it\n");
  });
  await fetch(place);
  expect(existsSync(join(folder, "data"))).toBe(true);
});

test.each([
  [2, "tar: ./data: Cannot open: Permission denied\ntar: Exiting with failure status due to previous errors\n"],
  [1, "tar: ./data: file changed as we read it\ntar: ./other: I/O error\n"],
])("exit code %i with other words is a failure", async (code, words) => {
  const { place } = await open((session) => {
    session.send(1, Buffer.concat([member("./data", "words"), ARCHIVE_END]));
    exit(session, code, words);
  });
  await expect(fetch(place)).rejects.toThrow(`tar ended with exit code ${code}: tar: ./data`);
  expect(await readdir(folder)).toEqual([]);
});

test("a runtime that refuses the command by name counts as no tar", async () => {
  const { place } = await open((session, [program]) => {
    if (program === "cat") {
      session.send(1, "by cat");
      exit(session, 0);
      return;
    }
    const message = 'exec: "tar": executable file not found in $PATH: unknown';
    session.send(3, JSON.stringify({ status: "Failure", reason: "InternalError", message }));
    session.close();
  });
  await fetch(place);
  expect(await readFile(join(folder, "data"), "utf8")).toBe("by cat");
});

test("a tar that fails in the middle of an upload is heard, and what it wrote is removed", async () => {
  await writeFile(join(folder, "big"), Buffer.alloc(3_000_000));
  const commands: string[] = [];
  const { place } = await open((session, command) => {
    commands.push(command[0] ?? "");
    if (command[0] === "tar") exit(session, 2, "tar: big: Cannot write: No space left on device\n");
    else exit(session, 0);
  });
  const files = await listLocal(join(folder, "big"), silent);
  await expect(upload(place, files, "/tmp/big", "absent", silent, never)).rejects.toThrow("No space left on device");
  expect(commands).toEqual(["tar", "rm"]);
});

test.each([
  ["a part that cannot be removed is named", "absent", /^\/tmp\/\.big\.kelpie-\w+ may be left in the container$/],
  ["a folder that was being filled is named", "directory", /^what was copied before stays in \/tmp\/big$/],
] as const)("%s", async (_, existing, words) => {
  left.length = 0;
  const { place } = await open((session, [program]) => exit(session, program === "tar" ? 2 : 1));
  const files = await listLocal(folder, silent);
  await expect(upload(place, files, "/tmp/big", existing, silent, never)).rejects.toThrow("tar ended with exit code 2");
  expect(left).toEqual([expect.stringMatching(words)]);
});

test("a local file that becomes shorter fails the upload instead of shifting what follows", async () => {
  await writeFile(join(folder, "log"), "a long line");
  const files = await listLocal(join(folder, "log"), silent);
  await writeFile(join(folder, "log"), "short");
  const { place } = await open((session, command) => {
    if (command[0] !== "tar") exit(session, 0);
  });
  await expect(upload(place, files, "/tmp/log", "absent", silent, never)).rejects.toThrow("became shorter");
});

test("a server that cannot be told the end of input gets the number of bytes", async () => {
  await writeFile(join(folder, "file"), "words");
  const files = await listLocal(join(folder, "file"), silent);
  const { place, server } = await open((session, command) => {
    if (command[0] === "mv") exit(session, 0);
  });
  // As a server before 1.30.
  const exec: ContainerPlace["cluster"]["exec"] = async (request) => {
    const session = await place.cluster.exec(request);
    return new Proxy(session, { get: (of, name) => (name === "endsInput" ? false : bound(of, name)) });
  };
  const done = upload({ ...place, cluster: { exec } }, files, "/tmp/file", "absent", silent, never);
  await expect.poll(() => server.sessions.opened.map((session) => session.query.getAll("command")[0])).toContain("sh");
  const shell = server.sessions.opened.find((session) => session.query.getAll("command")[0] === "sh");
  await expect.poll(() => shell?.received(0).length).toBe(2048);
  if (shell !== undefined) exit(shell, 0);
  await done;
  expect(shell?.query.getAll("command").slice(2)).toEqual(['head -c "$1" | tar xmf - -C "$2"', "sh", "2048", "/tmp"]);
});

function bound(of: object, name: string | symbol): unknown {
  const value: unknown = Reflect.get(of, name);
  return typeof value === "function" ? value.bind(of) : value;
}
