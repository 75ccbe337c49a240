import { chmod, chown, mkdir, realpath, stat, writeFile } from "node:fs/promises";
import { isAbsolute, join, sep } from "node:path";
import type { Clock } from "../../../lib/clock.ts";
import { errorCode, errorMessage, KelpieError } from "../../../lib/errors.ts";
import { asRecord, asString, isRecord } from "../../../lib/kube/object.ts";
import type { Mount } from "../../runtimes/runtime.ts";
import type { Pod, PodContainer } from "../pod.ts";
import { writeAtomically, type FileOwner } from "./atomic-writer.ts";
import { isPayloadVolume, volumePayload, VolumeError, type PayloadInput } from "./volume-payload.ts";

type Fields = Readonly<Record<string, unknown>>;

/** A token is asked for anew after this long. */
const TOKEN_LIFETIME_MILLISECONDS = 45 * 60_000;

export interface PodVolumesOptions {
  /** The pod's directory of volumes. */
  readonly directory: string;
  readonly clock: Clock;
  /** `undefined` where the cluster issues no tokens. */
  readonly token: (() => Promise<string>) | undefined;
  /** The id on this machine of a user or group id in a container. */
  readonly hostId: (id: number) => number | undefined;
}

/** The volumes of one pod on disk. */
export class PodVolumes {
  readonly #options: PodVolumesOptions;
  readonly #sources = new Map<string, string>();
  #token: { readonly value: string; readonly at: number } | undefined;

  constructor(options: PodVolumesOptions) {
    this.#options = options;
  }

  /** When a mounted token must be renewed, milliseconds since the epoch. */
  get renewAt(): number | undefined {
    return this.#token === undefined ? undefined : this.#token.at + TOKEN_LIFETIME_MILLISECONDS;
  }

  /**
   * Makes every volume, or brings those with files of the API up to date.
   * @throws VolumeError naming the volume
   */
  async prepare(pod: Pod, input: Omit<PayloadInput, "pod" | "token">): Promise<void> {
    const payload: PayloadInput = { ...input, pod, token: () => this.#serviceAccountToken(pod) };
    for (const volume of pod.volumes) {
      const name = asString(volume["name"]);
      try {
        this.#sources.set(name, await this.#prepareOne(pod, name, volume, payload));
      } catch (error) {
        throw new VolumeError(`MountVolume.SetUp failed for volume "${name}" : ${errorMessage(error)}`, {
          cause: error,
        });
      }
    }
  }

  /**
   * The mounts of a container. Directories of sub-paths are made where missing.
   * @throws VolumeError where a sub-path leaves its volume
   */
  async mounts(pod: Pod, container: PodContainer, expand: (text: string) => string): Promise<readonly Mount[]> {
    const mounts: Mount[] = [];
    for (const mount of container.volumeMounts) {
      const source = this.#sources.get(mount.name);
      const volume = pod.volumes.find((candidate) => candidate["name"] === mount.name);
      if (source === undefined || volume === undefined) {
        throw new VolumeError(`volume "${mount.name}" of container "${container.name}" is not in the pod's spec`);
      }
      const subPath = mount.subPath === "" ? expand(mount.subPathExpr) : mount.subPath;
      mounts.push({
        source: subPath === "" ? source : await subPathSource(source, subPath, container.name),
        target: isAbsolute(mount.mountPath) ? mount.mountPath : `/${mount.mountPath}`,
        readOnly: mount.readOnly || isPayloadVolume(volume),
      });
    }
    return mounts;
  }

  async #prepareOne(pod: Pod, name: string, volume: Fields, payload: PayloadInput): Promise<string> {
    const path = join(this.#options.directory, name);
    if (isPayloadVolume(volume)) {
      await writeAtomically(path, this.#shared(pod, await volumePayload(volume, payload)), this.#owner(pod));
      return path;
    }
    if (isRecord(volume["hostPath"])) return await hostPath(volume["hostPath"]);
    const type = Object.keys(volume).find((key) => key !== "name");
    if (type !== undefined && type !== "emptyDir") {
      throw new VolumeError(`kelpie does not support volumes of type "${type}"`);
    }
    const existed = this.#sources.has(name);
    if (!existed) await this.#makeEmptyDirectory(pod, path);
    return path;
  }

  /** Any user of the pod may write into it, as upstream. */
  async #makeEmptyDirectory(pod: Pod, path: string): Promise<void> {
    await mkdir(path, { recursive: true, mode: 0o777 });
    const fsGroup = fsGroupOf(pod);
    // With a group that owns it, new files belong to that group too.
    await chmod(path, fsGroup === undefined ? 0o777 : 0o2777);
    const owner = this.#owner(pod);
    if (owner !== undefined) await chown(path, owner.uid, owner.gid);
  }

  /** With an fsGroup its members may read what the owner may. */
  #shared(pod: Pod, payload: Awaited<ReturnType<typeof volumePayload>>): typeof payload {
    if (fsGroupOf(pod) === undefined) return payload;
    return new Map(
      Array.from(payload, ([path, file]) => [path, { ...file, mode: file.mode | ((file.mode & 0o400) >> 3) }]),
    );
  }

  #owner(pod: Pod): FileOwner | undefined {
    if (process.getuid?.() !== 0) return undefined;
    const uid = this.#options.hostId(0);
    const gid = this.#options.hostId(fsGroupOf(pod) ?? 0);
    return uid === undefined || gid === undefined ? undefined : { uid, gid };
  }

  async #serviceAccountToken(pod: Pod): Promise<string> {
    const { clock, token } = this.#options;
    const known = this.#token;
    if (known !== undefined && clock.now() - known.at < TOKEN_LIFETIME_MILLISECONDS) return known.value;
    if (token === undefined) {
      throw new VolumeError(
        `failed to fetch token: no token can be issued for service account "${pod.serviceAccountName}"`,
      );
    }
    const value = await token();
    this.#token = { value, at: clock.now() };
    return value;
  }
}

function fsGroupOf(pod: Pod): number | undefined {
  const value = pod.securityContext["fsGroup"];
  return typeof value === "number" ? value : undefined;
}

/** Upstream: pkg/volume/hostpath checkType. */
async function hostPath(source: Fields): Promise<string> {
  const path = asString(asRecord(source)["path"]);
  const type = asString(source["type"]);
  if (!isAbsolute(path) || path.split("/").includes("..")) throw new VolumeError(`invalid hostPath "${path}"`);
  if (type === "") return path;
  const found = await stat(path).catch((error: unknown) => {
    if (errorCode(error) === "ENOENT") return undefined;
    throw new KelpieError(`hostPath type check failed: ${errorMessage(error)}`, { cause: error });
  });
  if (found === undefined && type === "DirectoryOrCreate") {
    await mkdir(path, { recursive: true, mode: 0o755 });
    return path;
  }
  if (found === undefined && type === "FileOrCreate") {
    await writeFile(path, "", { mode: 0o644, flag: "a" });
    return path;
  }
  const [fits, what] = hostPathCheck(type, found);
  if (!fits) throw new VolumeError(`hostPath type check failed: ${path} is not a ${what}`);
  return path;
}

function hostPathCheck(
  type: string,
  found: Awaited<ReturnType<typeof stat>> | undefined,
): readonly [fits: boolean, what: string] {
  switch (type) {
    case "Directory":
    case "DirectoryOrCreate":
      return [found?.isDirectory() === true, "directory"];
    case "File":
    case "FileOrCreate":
      return [found?.isFile() === true, "file"];
    case "Socket":
      return [found?.isSocket() === true, "socket file"];
    case "CharDevice":
      return [found?.isCharacterDevice() === true, "character device"];
    case "BlockDevice":
      return [found?.isBlockDevice() === true, "block device"];
    default:
      return [false, `known type (${type})`];
  }
}

async function subPathSource(volume: string, subPath: string, container: string): Promise<string> {
  const fault = (why: string): VolumeError =>
    new VolumeError(`failed to prepare subPath for volumeMount of container "${container}": ${why}`);
  if (isAbsolute(subPath) || subPath.split("/").includes("..")) throw fault(`"${subPath}" must stay inside the volume`);
  const root = await realpath(volume);
  const target = join(root, subPath);
  const existing = await realpath(target).catch(() => undefined);
  if (existing === undefined) {
    await makeInside(root, subPath, fault);
    return target;
  }
  if (existing !== root && !existing.startsWith(root + sep)) throw fault(`"${subPath}" leads out of the volume`);
  return existing;
}

/** Makes missing directories one by one, so that a link on the way cannot lead out of the volume. */
async function makeInside(root: string, subPath: string, fault: (why: string) => VolumeError): Promise<void> {
  const mode = (await stat(root)).mode & 0o7777;
  let here = root;
  for (const part of subPath.split("/").filter((name) => name !== "" && name !== ".")) {
    here = join(here, part);
    try {
      await mkdir(here, { mode });
      await chmod(here, mode);
    } catch (error) {
      if (errorCode(error) !== "EEXIST") throw fault(errorMessage(error));
      here = await realpath(here);
      if (!here.startsWith(root + sep)) throw fault(`"${subPath}" leads out of the volume`);
    }
  }
}
