import {
  chownSync,
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readlinkSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { RuntimeError } from "../runtime-error.ts";
import type { ContainerSpec } from "../runtime.ts";
import { formatTable, keptFlags, type TableEntry } from "./mount-table.ts";
import { INSIDE_NODE, type SandboxAbilities } from "./node-sandbox.ts";

/** Directories of the machine's root that containers do not see, or have of their own. */
const OWN_DIRECTORIES = ["dev", "proc", "sys", "tmp", "var", "run", "home", "root", "mnt", "media", "srv"];
const HIDDEN_DIRECTORIES = new Set([...OWN_DIRECTORIES, "boot", "lost+found"]);
const DEVICES = ["null", "zero", "full", "random", "urandom", "tty"];
const DEVICE_LINKS = [
  ["fd", "/proc/self/fd"],
  ["stdin", "/proc/self/fd/0"],
  ["stdout", "/proc/self/fd/1"],
  ["stderr", "/proc/self/fd/2"],
  ["ptmx", "pts/ptmx"],
] as const;
const MASKED = ["kcore", "keys", "timer_list", "sysrq-trigger", "latency_stats", "sched_debug"];

/** Where the Node.js that runs kelpie is, in containers of the machine's own image. */
export const NODE_DIRECTORY = "/.kelpie/bin";

export interface HostRootOptions {
  /** The container's directory, here and as the sandbox names it. */
  readonly directory: string;
  readonly inside: string;
  readonly spec: ContainerSpec;
  readonly idOffset: number | undefined;
  readonly abilities: SandboxAbilities;
  /** Files of /etc that are the pod's. */
  readonly etc: Readonly<Record<string, string>>;
  /** The sources of the container's mounts, as the sandbox names them. */
  readonly sources: ReadonlyMap<string, string>;
}

/**
 * Lays out the root of a container that sees this machine's system: read-only views of its directories, /etc with the
 * pod's own files, everything else empty and its own. Writes `fstab` for init.sh.
 */
export function prepareHostRoot(options: HostRootOptions): void {
  new HostRoot(options).prepare();
}

class HostRoot {
  readonly #options: HostRootOptions;
  readonly #root: string;
  /** Directories of the machine that are shown, by name. */
  readonly #shown: ReadonlySet<string>;
  /** Shown directories in which something must change: overlays, each with an upper layer of its own. */
  readonly #layered = new Set<string>(["etc"]);
  readonly #mountinfoFlags = new Map<string, string[]>();

  constructor(options: HostRootOptions) {
    this.#options = options;
    this.#root = join(options.directory, "rootfs");
    this.#shown = new Set(
      readdirSync("/", { withFileTypes: true })
        .filter((entry) => entry.isDirectory() && !HIDDEN_DIRECTORIES.has(entry.name) && !entry.name.startsWith("."))
        .filter((entry) => isSystemDirectory(entry.name))
        .map((entry) => entry.name),
    );
  }

  prepare(): void {
    const { spec, directory } = this.#options;
    this.#makeDirectory(this.#root);
    this.#makeSkeleton();
    for (const [name, text] of Object.entries(this.#options.etc)) this.#makeFile(join(this.#upper("etc"), name), text);
    if (!this.#options.abilities.overlay) this.#refuseLayers();
    const mounts = spec.mounts.toSorted((left, right) => left.target.length - right.target.length);
    const volumes = mounts.map((mount): TableEntry => {
      const target = this.#makeMountPoint(mount.target, mount.source);
      const source = this.#options.sources.get(mount.source) ?? mount.source;
      const flags = mount.readOnly ? ["ro", ...this.#flags(mount.source)] : [];
      return { source, target: this.#inside(target), type: "none", options: ["rbind", ...flags] };
    });
    if (spec.workingDir.startsWith("/")) this.#makeWorkingDirectory(spec.workingDir);
    writeFileSync(join(directory, "fstab"), formatTable([...this.#system(), ...volumes]), { mode: 0o644 });
  }

  #system(): TableEntry[] {
    const { abilities, inside } = this.#options;
    const root = `${inside}/rootfs`;
    const bind = (source: string, target: string, ...more: readonly string[]): TableEntry => ({
      source,
      target: `${root}/${target}`,
      type: "none",
      options: ["bind", ...more],
    });
    const shown = [...this.#shown].map((name): TableEntry => {
      if (!this.#layered.has(name)) {
        const options = ["rbind", "ro", ...this.#flags(`/${name}`)];
        return { source: `/${name}`, target: `${root}/${name}`, type: "none", options };
      }
      const layers = `lowerdir=/${name},upperdir=${inside}/${name}-upper,workdir=${inside}/${name}-work`;
      const readOnly = this.#options.spec.readOnlyRootFilesystem ? ["ro"] : [];
      return {
        source: "overlay",
        target: `${root}/${name}`,
        type: "overlay",
        options: [layers, "volatile", "userxattr", ...readOnly],
      };
    });
    const sys: TableEntry = abilities.sysfs
      ? { source: "sysfs", target: `${root}/sys`, type: "sysfs", options: ["ro", "nosuid", "nodev", "noexec"] }
      : { source: "/sys", target: `${root}/sys`, type: "none", options: ["rbind"] };
    const terminals = ["newinstance", "ptmxmode=0666", "mode=620"];
    if (this.#options.idOffset !== undefined) terminals.push("gid=5");
    return [
      bind(root, "."),
      ...shown,
      { source: "proc", target: `${root}/proc`, type: "proc", options: ["nosuid", "nodev", "noexec"] },
      sys,
      { source: "devpts", target: `${root}/dev/pts`, type: "devpts", options: terminals },
      {
        source: "shm",
        target: `${root}/dev/shm`,
        type: "tmpfs",
        options: ["mode=1777", "size=64m", "nosuid", "nodev"],
      },
      ...DEVICES.map((name) => bind(`/dev/${name}`, `dev/${name}`)),
      ...MASKED.filter((name) => existsSync(`/proc/${name}`)).map((name) => bind("/dev/null", `proc/${name}`)),
      bind(INSIDE_NODE, `${NODE_DIRECTORY.slice(1)}/node`),
    ];
  }

  #makeSkeleton(): void {
    for (const name of [...OWN_DIRECTORIES, "dev/pts", "dev/shm", "var/log", "var/lib", "var/tmp", "var/cache"]) {
      this.#makeDirectory(join(this.#root, name));
    }
    for (const name of ["tmp", "var/tmp"]) chmodSync(join(this.#root, name), 0o1777);
    this.#makeDirectory(join(this.#root, ".kelpie"));
    this.#makeDirectory(join(this.#root, NODE_DIRECTORY));
    this.#makeFile(join(this.#root, NODE_DIRECTORY, "node"), "");
    // Relative: targets of mounts are looked up from outside.
    symlinkSync("../run", join(this.#root, "var/run"));
    for (const name of DEVICES) this.#makeFile(join(this.#root, "dev", name), "");
    for (const [name, target] of DEVICE_LINKS) symlinkSync(target, join(this.#root, "dev", name));
    for (const name of this.#shown) this.#makeDirectory(join(this.#root, name));
    for (const entry of readdirSync("/", { withFileTypes: true })) {
      if (entry.isSymbolicLink() && isSystemDirectory(entry.name)) {
        symlinkSync(readlinkSync(`/${entry.name}`), join(this.#root, entry.name));
      }
    }
    this.#layer("etc");
  }

  #layer(name: string): void {
    this.#layered.add(name);
    this.#makeDirectory(this.#upper(name));
    this.#makeDirectory(join(this.#options.directory, `${name}-work`));
  }

  #upper(name: string): string {
    return join(this.#options.directory, `${name}-upper`);
  }

  #refuseLayers(): void {
    throw new RuntimeError("OverlayUnavailable", "this machine does not allow overlay mounts in user namespaces", {
      hint: "Linux 5.11 or later is needed, and the cluster's directory on a file system that overlays accept",
    });
  }

  /** Makes what a volume is mounted on; answers its path below the container's root. */
  #makeMountPoint(target: string, source: string): string {
    const stat = statSync(source, { throwIfNoEntry: false });
    if (stat === undefined) {
      throw new RuntimeError("CreateContainerError", `the volume mounted at ${target} is not there: ${source}`);
    }
    const outer = this.#options.spec.mounts.find(
      (mount) => mount.target !== target && target.startsWith(`${mount.target.replace(/\/$/, "")}/`),
    );
    const at = this.#resolve(target);
    if (outer === undefined) {
      this.#makeEntry(at, stat.isDirectory());
    } else {
      const inOuter = join(outer.source, target.slice(outer.target.replace(/\/$/, "").length));
      if (!existsSync(inOuter)) this.#makeEntry(inOuter, stat.isDirectory(), true);
    }
    return at;
  }

  #makeWorkingDirectory(path: string): void {
    if (this.#options.spec.mounts.some((mount) => path === mount.target || path.startsWith(`${mount.target}/`))) return;
    const at = this.#resolve(path);
    if (!existsSync(join("/", at)) || !this.#shown.has(firstName(at))) this.#makeEntry(at, true);
  }

  /** Makes a file or directory at a path below the root, in the layer that holds it. `plain`: at that very path. */
  #makeEntry(path: string, isDirectory: boolean, plain = false): void {
    let real = path;
    if (!plain) {
      const name = firstName(path);
      if (this.#shown.has(name)) {
        const there = statSync(path, { throwIfNoEntry: false });
        if (there !== undefined && there.isDirectory() === isDirectory) return;
        if (!this.#layered.has(name)) this.#layer(name);
        real = join(this.#upper(name), path.slice(name.length + 1));
      } else {
        real = join(this.#root, path);
      }
    }
    const missing: string[] = [];
    for (let at = isDirectory ? real : dirname(real); !existsSync(at); at = dirname(at)) missing.unshift(at);
    for (const at of missing) this.#makeDirectory(at);
    if (!isDirectory && !existsSync(real)) this.#makeFile(real, "");
  }

  /** Follows links on the way as the container will see them, so that no link leads a mount out of its root. */
  #resolve(target: string): string {
    let done = "/";
    const rest = target.split("/").filter((part) => part !== "" && part !== ".");
    for (let links = 0; rest.length > 0;) {
      const part = rest.shift() ?? "";
      if (part === "..") {
        done = dirname(done);
        continue;
      }
      const next = join(done, part);
      const real = this.#shown.has(firstName(next)) ? next : join(this.#root, next);
      const link =
        lstatSync(real, { throwIfNoEntry: false })?.isSymbolicLink() === true ? readlinkSync(real) : undefined;
      if (link === undefined) {
        done = next;
        continue;
      }
      links += 1;
      if (links > 40) throw new RuntimeError("CreateContainerError", `too many links on the way to ${target}`);
      if (link.startsWith("/")) done = "/";
      rest.unshift(...link.split("/").filter((name) => name !== "" && name !== "."));
    }
    return done;
  }

  #inside(path: string): string {
    return `${this.#options.inside}/rootfs${path}`;
  }

  #flags(path: string): string[] {
    const known = this.#mountinfoFlags.get(path) ?? keptFlags(path);
    this.#mountinfoFlags.set(path, known);
    return known;
  }

  #makeDirectory(path: string): void {
    mkdirSync(path, { mode: 0o755 });
    chmodSync(path, 0o755);
    this.#give(path);
  }

  #makeFile(path: string, text: string): void {
    writeFileSync(path, text, { mode: 0o644 });
    this.#give(path);
  }

  #give(path: string): void {
    const { idOffset } = this.#options;
    if (idOffset !== undefined) chownSync(path, idOffset, idOffset);
  }
}

function firstName(path: string): string {
  return path.split("/")[1] ?? "";
}

/** What of a root directory belongs to the installed system, on Debian, Fedora, Alpine, Arch, NixOS and Guix. */
function isSystemDirectory(name: string): boolean {
  return /^(?:usr|s?bin|lib[^/]*|etc|opt|nix|gnu)$/.test(name) && name !== "lost+found";
}
