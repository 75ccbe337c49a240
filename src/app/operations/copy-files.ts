import { existsSync, statSync } from "node:fs";
import { homedir } from "node:os";
import { basename, dirname, join, posix, resolve } from "node:path";
import type { Cluster } from "../../cluster/cluster.ts";
import type { CopyReporter } from "../../cluster/copy/copy-reporter.ts";
import { download } from "../../cluster/copy/download.ts";
import type { ContainerPlace } from "../../cluster/copy/run-in-container.ts";
import { listLocal, remoteKind, upload, type LocalFile, type RemoteKind } from "../../cluster/copy/upload.ts";
import type { Operations, TargetObject } from "../../hotkeys/action.ts";
import { byteSize } from "../../lib/byte-size.ts";
import type { Clock } from "../../lib/clock.ts";
import { errorMessage, KelpieError } from "../../lib/errors.ts";
import { Task } from "../../lib/task.ts";
import type { AppServices } from "../context.ts";
import { chooseContainer } from "./choose-container.ts";
import { approve, pathOf } from "./on-each.ts";
import { hintOf } from "./shell.ts";

const DIRECTIONS = ["Download", "Upload"] as const;
const PROGRESS_MILLISECONDS = 200;
/** Of what is left out, so many are told one by one. */
const MOST_TOLD = 50;

interface Place extends ContainerPlace {
  readonly cluster: Cluster;
  readonly target: TargetObject;
  /** `web-1/main`. */
  readonly where: string;
}

/** Copies files and folders between a container and this machine, by tar over exec as `kubectl cp` does. */
export function createCopyFiles(services: AppServices): Operations["copyFiles"] {
  return async (target, wanted) => {
    const { app } = services;
    const cluster = services.cluster();
    if (cluster === undefined) return;
    if (cluster.writes.readOnly.get()) {
      app.flash("warning", "read-only: copying runs a command in the container, so nothing is copied");
      return;
    }
    const container = await chooseContainer(
      services,
      target,
      wanted,
      `Copy files of which container of ${target.name}?`,
    );
    if (container === undefined) return;
    const { namespace, name: pod } = target;
    const where = `${pod}/${container.name}`;
    const place: Place = { cluster, namespace, pod, container: container.name, target, where };
    const direction = await app.pick({
      title: `Copy files of ${where}`,
      items: DIRECTIONS,
      details: [`from ${where} to this machine`, `from this machine to ${where}`],
    });
    try {
      if (direction === "Download") await askDownload(services, place);
      else if (direction === "Upload") await askUpload(services, place);
    } catch (error) {
      app.flash("error", `nothing was copied: ${errorMessage(error)}${hintOf(error)}`);
    }
  };
}

async function askDownload(services: AppServices, place: Place): Promise<void> {
  const { app } = services;
  const { where, target } = place;
  const remote = await app.input({
    title: `Download from ${where}`,
    lines: ["A file, or a folder with all that is in it."],
    label: "In the container",
    initial: "/",
    validate: (text) => (text.trim().startsWith("/") ? undefined : "a path that begins with /"),
  });
  if (remote === undefined) return;
  const name = posix.basename(remote.trim()) || target.name;
  const given = await app.input({
    title: `Download ${remote.trim()} of ${where}`,
    lines: ["In a folder that is there it keeps its name."],
    label: "On this machine",
    initial: `${process.cwd()}/`,
    validate: (text) => faultOfTarget(localTarget(text, name)),
  });
  if (given === undefined) return;
  const local = localTarget(given, name);
  const replaces = existsSync(local);
  if (replaces) {
    const answer = await app.confirm({
      title: `Replace ${basename(local)}?`,
      lines: [`${local} is there already`],
      confirmLabel: "Replace",
      danger: true,
    });
    if (answer === undefined) return;
  }
  // Reading files runs a command all the same, and a protected context asks before those.
  const release = await approve(services, [target], { asked: false, what: "Download from" });
  if (release === undefined) return;
  const title = `download ${name} from ${where}`;
  start(services, title, `${local} is copied`, release, (report, task) =>
    place.cluster.writes.act("download from", target, () =>
      download(place, remote.trim(), { path: local, replaces }, report, task.signal),
    ),
  );
}

async function askUpload(services: AppServices, place: Place): Promise<void> {
  const { app } = services;
  const { where, target } = place;
  const given = await app.input({
    title: `Upload to ${where}`,
    lines: ["A file, or a folder with all that is in it."],
    label: "On this machine",
    initial: `${process.cwd()}/`,
    validate: (text) => (existsSync(localPath(text)) ? undefined : "there is no such file or folder"),
  });
  if (given === undefined) return;
  const local = localPath(given);
  const skipped: string[] = [];
  const files = await listLocal(local, { skip: (name, why) => void skipped.push(`${name} is left out: ${why}`) });
  const remoteGiven = await app.input({
    title: `Upload ${basename(local)} to ${where}`,
    lines: ["In a folder that is there it keeps its name."],
    label: "In the container",
    initial: "/tmp/",
    validate: (text) => (text.trim().startsWith("/") ? undefined : "a path that begins with /"),
  });
  if (remoteGiven === undefined) return;
  const never = new AbortController().signal;
  app.flash("info", `looking at what is in ${where}`);
  const asked = remoteGiven.trim();
  const into = asked.endsWith("/") || (await remoteKind(place, asked, never)) === "directory";
  const remote = into ? posix.join(asked, basename(local)) : asked;
  const existing = await remoteKind(place, remote, never);
  if (existing === "directory" && files[0]?.type !== "directory") {
    throw new KelpieError(`${remote} is a folder in ${where}, and ${basename(local)} is a file`);
  }
  if (existing === "file" && files[0]?.type === "directory") {
    throw new KelpieError(`${remote} is a file in ${where}, and ${basename(local)} is a folder`);
  }
  const answer = await app.confirm({
    title: `Upload ${basename(local)} to ${where}?`,
    lines: [...uploadLines(place, local, remote, files, existing), ...skipped],
    confirmLabel: "Upload",
    danger: existing !== "absent",
  });
  if (answer === undefined) return;
  const release = await approve(services, [target], { asked: true });
  if (release === undefined) return;
  start(services, `upload ${basename(local)} to ${where}`, `${remote} is in ${where}`, release, (report, task) =>
    place.cluster.writes.act("upload to", target, () => upload(place, files, remote, existing, report, task.signal)),
  );
}

function uploadLines(
  { target, container }: Place,
  local: string,
  remote: string,
  files: readonly LocalFile[],
  existing: RemoteKind,
): readonly string[] {
  const count = files.filter(({ type }) => type !== "directory").length;
  const size = byteSize(files.reduce((sum, file) => sum + file.size, 0));
  const state = {
    absent: "is made",
    file: "is there and is replaced",
    directory: "is there: files of the same names are replaced, others stay",
  } as const;
  return [
    `${local}: ${count} ${count === 1 ? "file" : "files"}, ${size}`,
    `to container ${container} of pod ${pathOf(target)}`,
    `${remote} ${state[existing]}`,
  ];
}

/** Runs the copy in a view that shows how far it is. */
function start(
  { app, clock, closing }: AppServices,
  title: string,
  done: string,
  release: () => void,
  copy: (report: CopyReporter, task: Task) => Promise<void>,
): void {
  let left = "nothing half-copied was left";
  const task = new Task(title, async (running) => {
    const progress = new Progress(running, clock, (what) => {
      left = what;
    });
    try {
      await copy(progress, running);
    } finally {
      progress.end();
      release();
    }
    running.say(done, "ok");
  });
  closing.waitsFor(task.ended);
  void task.ended.then(() => {
    const { state, lines } = task.state.get();
    if (state === "done") app.flash("info", done);
    else if (state === "cancelled") app.flash("warning", `${title} was cancelled: ${left}`);
    else app.flash("error", `${title} failed: ${lines.at(-1)?.text ?? ""}`);
  });
  app.open({ view: "task", parameters: { task }, title });
}

/** Counts files and bytes into the last line of a task. */
class Progress implements CopyReporter {
  readonly #task: Task;
  readonly #clock: Clock;
  readonly #startedAt: number;
  readonly #onLeft: (what: string) => void;
  #files = 0;
  #skipped = 0;
  #bytes = 0;
  #current = "";
  #toldAt = 0;

  constructor(task: Task, clock: Clock, onLeft: (what: string) => void) {
    this.#onLeft = onLeft;
    this.#task = task;
    this.#clock = clock;
    this.#startedAt = clock.now();
    task.say("starting");
  }

  file(name: string, size: number): void {
    this.#files += 1;
    this.#current = size === 0 ? name : `${name} (${byteSize(size)})`;
    this.#tell();
  }

  bytes(count: number): void {
    this.#bytes += count;
    this.#tell();
  }

  skip(name: string, why: string): void {
    this.#skipped += 1;
    if (this.#skipped <= MOST_TOLD) this.#warn(`${name} is left out: ${why}`);
    else this.#tell();
  }

  left(what: string): void {
    this.#onLeft(what);
    this.#warn(what);
  }

  end(): void {
    this.#current = "";
    this.#task.sayInstead(this.#line());
  }

  #warn(text: string): void {
    this.#task.sayInstead(text, "warning");
    this.#task.say(this.#line());
  }

  #tell(): void {
    const now = this.#clock.now();
    if (now - this.#toldAt < PROGRESS_MILLISECONDS) return;
    this.#toldAt = now;
    this.#task.sayInstead(this.#line());
  }

  #line(): string {
    const seconds = (this.#clock.now() - this.#startedAt) / 1000;
    const speed = seconds < 1 ? "" : `, ${byteSize(Math.round(this.#bytes / seconds))}/s`;
    const files = `${this.#files} ${this.#files === 1 ? "file" : "files"}`;
    const skipped = this.#skipped <= MOST_TOLD ? "" : `, ${this.#skipped} left out`;
    return `${files}, ${byteSize(this.#bytes)}${speed}${skipped}${this.#current === "" ? "" : `: ${this.#current}`}`;
  }
}

/** A path as a shell would read it. */
function localPath(text: string): string {
  const trimmed = text.trim();
  return resolve(trimmed === "~" || trimmed.startsWith("~/") ? join(homedir(), trimmed.slice(1)) : trimmed);
}

function localTarget(text: string, name: string): string {
  const path = localPath(text);
  const isFolder = text.trim().endsWith("/") || statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
  return isFolder ? join(path, name) : path;
}

function faultOfTarget(path: string): string | undefined {
  if (statSync(dirname(path), { throwIfNoEntry: false })?.isDirectory() !== true) {
    return `there is no folder ${dirname(path)}`;
  }
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true
    ? `${path} is a folder already: choose another name`
    : undefined;
}
