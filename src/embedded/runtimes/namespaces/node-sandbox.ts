import { spawn } from "node:child_process";
import {
  chownSync,
  existsSync,
  mkdirSync,
  realpathSync,
  rmSync,
  writeFileSync,
  readdirSync,
  readlinkSync,
} from "node:fs";
import { join } from "node:path";
import { delay, type Clock } from "../../../lib/clock.ts";
import { errorMessage } from "../../../lib/errors.ts";
import { asNumber, asString, isRecord } from "../../../lib/kube/object.ts";
import { readText, writeAtomically } from "../container-files.ts";
import type { HostTools } from "../host-tools.ts";
import { identify, isAlive, signalProcess, type ProcessIdentity } from "../process-identity.ts";
import { runChecked, runCommand, TOOL_ENVIRONMENT } from "../run-command.ts";
import { RuntimeError } from "../runtime-error.ts";
import { isBelow } from "./volume-access.ts";

/** Ids of containers on the machine when the engine is root: a range that no account has. */
const ROOT_ID_OFFSET = 100_000;
const ID_COUNT = 65_536;

export const POD_SUBNET_PREFIX = "10.244.0.";
export const GATEWAY_ADDRESS = "10.244.0.1";
export const SERVICE_SUBNET = "10.96.0.0/16";
export const BRIDGE = "kelpie0";

/** Inside the sandbox: what it shares of the cluster's directory, the namespaces of pods, Node.js, the machine's /run. */
const INSIDE_DIRECTORY = "/run/kelpie";
const INSIDE_MACHINE_RUN = "/run/kelpie-machine-run";
export const INSIDE_PODS = "/run/kelpie-pods";
export const INSIDE_NODE = "/run/kelpie-node";
/** Where sources of mounts are bound that the sandbox's root may not reach by their path. */
const INSIDE_STAGED = "/run/kelpie-staged";

/** The parts of the cluster's directory that the sandbox may reach: the runtime's own, and the volumes of pods. */
const SHARED = ["runtime", "pods"] as const;

/** What the kernel allows inside; found by trying. */
export interface SandboxAbilities {
  /** A fresh sysfs; else the machine's is bound. */
  readonly sysfs: boolean;
  /** Overlays with the upper layer in the cluster's directory; else what must change is copied. */
  readonly overlay: boolean;
}

/**
 * The user, network and mount namespace that all pods of a cluster live in, held by one sleeping process. Its root is
 * nobody on the machine: capabilities, devices and mounts of pods count in here only.
 */
export interface NodeSandbox {
  readonly holder: ProcessIdentity;
  /** Id N inside is `idOffset + N` on the machine; `undefined`: one id only, the engine's, is 0 inside. */
  readonly idOffset: number | undefined;
  readonly abilities: SandboxAbilities;
  /** The `nsenter` command line that enters it as its root, up to `--`; `pod` enters that pod's namespaces too. */
  enter(pod?: string): string[];
  /** As {@link enter}, but only its network or a pod's: with the machine's files, as the engine's user. */
  enterNetwork(pod?: string): string[];
  /** A path of the machine as it is named inside; there is one for every path, reachable or not. */
  inside(path: string): string;
}

interface HolderRecord extends ProcessIdentity {
  readonly idOffset: number | undefined;
  readonly abilities: SandboxAbilities;
}

/** Ends with the engine's end of its input until that has recorded it (`set -e`: `read` fails). */
const SET_UP = `set -e
mount -n -i -t tmpfs -o mode=755 tmpfs /tmp
mkdir /tmp/kelpie-machine-run
mount -n -i --rbind /run /tmp/kelpie-machine-run
mount -n -i --move /tmp /run
mkdir ${INSIDE_PODS} ${INSIDE_STAGED}
mkdir -p ${SHARED.map((name) => `${INSIDE_DIRECTORY}/${name}`).join(" ")}
: >${INSIDE_NODE}
echo 0 >/proc/sys/net/ipv4/ip_unprivileged_port_start 2>/dev/null || :
ip -batch - <<END
link set lo up
link add ${BRIDGE} type bridge
link set ${BRIDGE} type bridge forward_delay 0
addr add ${GATEWAY_ADDRESS}/24 dev ${BRIDGE}
link set ${BRIDGE} up
route add local ${SERVICE_SUBNET} dev lo
END
echo up
read -r keep
exec sleep 2147483647 </dev/null >/dev/null 2>&1
`;

/** Binds the shared parts of the directory `$1` and Node.js, `$2`. As the machine's root when the engine is that. */
const BIND = `set -e
for name in ${SHARED.join(" ")}; do mount -n -i --bind "$1/$name" ${INSIDE_DIRECTORY}/$name; done
mount -n -i --bind "$2" ${INSIDE_NODE}
mount -n -i -t tmpfs -o mode=755 tmpfs ${INSIDE_STAGED}`;

/** Tries in a mount namespace of its own, which ends with it. `$1` is a scratch directory. */
const TRY = `cd "$1" && mkdir -p upper work merged sys
mount -n -i -t overlay -o lowerdir=/etc,upperdir=$1/upper,workdir=$1/work,volatile,userxattr overlay merged &&
  : >merged/kelpie-try && echo overlay
mount -n -i -t sysfs sysfs sys && echo sysfs
true`;

/** Starts a sandbox, or takes over the one an earlier engine left. */
export async function openNodeSandbox(options: {
  readonly tools: HostTools;
  /** The cluster's directory. */
  readonly directory: string;
  readonly clock: Clock;
}): Promise<{ readonly sandbox: NodeSandbox; readonly adopted: boolean }> {
  const { tools, directory } = options;
  const file = join(directory, "runtime", "holder.json");
  const known = readHolder(file);
  if (known !== undefined && isAlive(known)) {
    return { sandbox: createSandbox(tools, directory, known, known.idOffset, known.abilities), adopted: true };
  }
  const root = process.getuid?.() === 0;
  for (const name of SHARED) mkdirSync(join(directory, name), { recursive: true, mode: 0o755 });
  const { holder, keep } = await startHolder(tools, root);
  const idOffset = root ? ROOT_ID_OFFSET : undefined;
  try {
    const bind = ["sh", "-c", BIND, "sh", machinePath(directory), machinePath(realpathSync(process.execPath))];
    const enter = root
      ? [tools.nsenter, "-t", String(holder.pid), "-m", "--"]
      : [tools.nsenter, "-t", String(holder.pid), "-U", "--preserve-credentials", "-m", "--"];
    await runChecked("cannot bind the cluster's directory into the node sandbox", "RuntimeUnavailable", [
      ...enter,
      ...bind,
    ]);
    const bare = createSandbox(tools, directory, holder, idOffset, { sysfs: false, overlay: false });
    const abilities = await tryAbilities(tools, directory, bare);
    const record: HolderRecord = { ...holder, idOffset, abilities };
    writeAtomically(file, JSON.stringify(record));
    keep();
    return { sandbox: createSandbox(tools, directory, holder, idOffset, abilities), adopted: false };
  } catch (error) {
    signalProcess(holder.pid, "SIGKILL");
    throw error;
  }
}

function createSandbox(
  tools: HostTools,
  directory: string,
  holder: ProcessIdentity,
  idOffset: number | undefined,
  abilities: SandboxAbilities,
): NodeSandbox {
  const credentials = idOffset === undefined ? ["--preserve-credentials"] : ["-S", "0", "-G", "0"];
  return {
    holder: { pid: holder.pid, startTime: holder.startTime, bootId: holder.bootId },
    idOffset,
    abilities,
    enter(pod) {
      const at = `/proc/${holder.pid}/root${INSIDE_PODS}/${pod ?? ""}`;
      const own = pod === undefined ? ["-n"] : [`--net=${at}/net`, `--uts=${at}/uts`, `--ipc=${at}/ipc`];
      return [tools.nsenter, "-t", String(holder.pid), "-U", "-m", ...own, ...credentials, "--"];
    },
    enterNetwork(pod) {
      const own = pod === undefined ? "-n" : `--net=/proc/${holder.pid}/root${INSIDE_PODS}/${pod}/net`;
      const user = idOffset === undefined ? ["-U", "--preserve-credentials"] : [];
      return [tools.nsenter, "-t", String(holder.pid), ...user, own, "--"];
    },
    inside(path) {
      const shared = SHARED.some((name) => isBelow(path, join(directory, name)));
      return shared ? `${INSIDE_DIRECTORY}${path.slice(directory.length)}` : machinePath(path);
    },
  };
}

/** The sandbox has a /run of its own. */
function machinePath(path: string): string {
  return isBelow(path, "/run") ? `${INSIDE_MACHINE_RUN}${path.slice("/run".length)}` : path;
}

/**
 * Binds paths of the machine into the sandbox as the machine's root, for those that nobody else may reach. Answers
 * where each is inside. Without root the paths are reachable or not at all, and stay as they are.
 */
export async function stageSources(
  tools: HostTools,
  sandbox: NodeSandbox,
  container: string,
  sources: ReadonlyArray<{ readonly path: string; readonly directory: boolean }>,
): Promise<ReadonlyMap<string, string>> {
  const staged = new Map<string, string>();
  if (sandbox.idOffset === undefined || sources.length === 0) return staged;
  const lines = ["set -e", `mkdir -p ${INSIDE_STAGED}/${container}`, `cd ${INSIDE_STAGED}/${container}`];
  sources.forEach(({ path, directory }, index) => {
    lines.push(directory ? `mkdir -p ${index}` : `: >${index}`, `mount -n -i --rbind "$${index + 1}" ${index}`);
    staged.set(path, `${INSIDE_STAGED}/${container}/${index}`);
  });
  await runChecked("cannot bind a volume into the node sandbox", "FailedMount", [
    tools.nsenter,
    "-t",
    String(sandbox.holder.pid),
    "-m",
    "--",
    "sh",
    "-c",
    lines.join("\n"),
    "sh",
    ...sources.map(({ path }) => machinePath(path)),
  ]);
  return staged;
}

export async function unstageSources(tools: HostTools, sandbox: NodeSandbox, container: string): Promise<void> {
  const at = `${INSIDE_STAGED}/${container}`;
  if (!existsSync(`/proc/${sandbox.holder.pid}/root${at}`)) return;
  await runCommand([
    tools.nsenter,
    "-t",
    String(sandbox.holder.pid),
    "-m",
    "--",
    "sh",
    "-c",
    `for m in ${at}/*; do umount -n -l "$m"; done; rm -rf ${at}`,
  ]);
}

/** `keep` lets it outlive the engine. */
async function startHolder(
  tools: HostTools,
  root: boolean,
): Promise<{ readonly holder: ProcessIdentity; readonly keep: () => void }> {
  const wait = `echo ready; read -r go; exec ${tools.setpriv} --reuid=0 --regid=0 --clear-groups ${tools.sh} -c "$1"`;
  const namespaces = ["-n", "-m", "--propagation", "private", tools.sh, "-c"];
  const args = root ? ["-U", "--keep-caps", ...namespaces, wait, "sh", SET_UP] : ["-U", "-r", ...namespaces, SET_UP];
  const child = spawn(tools.unshare, args, {
    detached: true,
    cwd: "/",
    env: { ...TOOL_ENVIRONMENT },
    stdio: ["pipe", "pipe", "pipe"],
  });
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  let said = "";
  let failed = "";
  child.stdin.on("error", () => {});
  child.on("error", reject);
  child.on("exit", (code) => reject(sandboxDenied(failed.trim() || `exit code ${String(code)}`)));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (failed += text));
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    said += text;
    if (said === "ready\n" && child.pid !== undefined) {
      said = "";
      try {
        writeFileSync(`/proc/${child.pid}/uid_map`, `0 ${ROOT_ID_OFFSET} ${ID_COUNT}`);
        writeFileSync(`/proc/${child.pid}/gid_map`, `0 ${ROOT_ID_OFFSET} ${ID_COUNT}`);
        child.stdin.write("go\n");
      } catch (error) {
        reject(sandboxDenied(errorMessage(error)));
      }
    } else if (said.endsWith("up\n")) {
      resolve();
    }
  });
  try {
    await promise;
    const identity = child.pid === undefined ? undefined : identify(child.pid);
    if (identity === undefined) throw sandboxDenied("its process ended");
    child.stdout.destroy();
    child.stderr.destroy();
    child.unref();
    return { holder: identity, keep: () => void child.stdin.end("keep\n") };
  } catch (error) {
    child.kill("SIGKILL");
    throw error;
  }
}

/** Names the switch that forbids user namespaces, or else what was said. */
export function sandboxDenied(said: string): RuntimeError {
  const kernelSwitch = [
    ["/proc/sys/user/max_user_namespaces", "0", "user.max_user_namespaces is 0"],
    ["/proc/sys/kernel/unprivileged_userns_clone", "0", "kernel.unprivileged_userns_clone is 0"],
    [
      "/proc/sys/kernel/apparmor_restrict_unprivileged_userns",
      "1",
      "AppArmor denies them to programs without a profile (kernel.apparmor_restrict_unprivileged_userns is 1)",
    ],
  ].find(([path = "", value]) => readText(path)?.trim() === value);
  const why = kernelSwitch?.[2] ?? said.split("\n").slice(-1)[0] ?? said;
  return new RuntimeError("UserNamespacesDenied", `User namespaces are not allowed here: ${why}`, {
    hint: "Change that switch, or run kelpie outside the container that denies them",
  });
}

async function tryAbilities(tools: HostTools, directory: string, sandbox: NodeSandbox): Promise<SandboxAbilities> {
  const scratch = join(directory, "runtime", "try");
  mkdirSync(scratch, { recursive: true, mode: 0o777 });
  if (sandbox.idOffset !== undefined) chownSync(scratch, sandbox.idOffset, sandbox.idOffset);
  const { stdout } = await runCommand([
    ...sandbox.enter(),
    tools.unshare,
    "-p",
    "-f",
    "-m",
    "--propagation",
    "private",
    tools.sh,
    "-c",
    TRY,
    "sh",
    sandbox.inside(scratch),
  ]);
  await runCommand(["chmod", "-R", "u+rwx", scratch]);
  rmSync(scratch, { recursive: true, force: true });
  const said = stdout.split("\n");
  return { sysfs: said.includes("sysfs"), overlay: said.includes("overlay") };
}

function readHolder(file: string): HolderRecord | undefined {
  const text = readText(file);
  if (text === undefined) return undefined;
  const value: unknown = JSON.parse(text);
  if (!isRecord(value)) return undefined;
  const abilities = isRecord(value["abilities"]) ? value["abilities"] : {};
  return {
    pid: asNumber(value["pid"]),
    startTime: asString(value["startTime"]),
    bootId: asString(value["bootId"]),
    idOffset: typeof value["idOffset"] === "number" ? value["idOffset"] : undefined,
    abilities: { sysfs: abilities["sysfs"] === true, overlay: abilities["overlay"] === true },
  };
}

/** Kills the holder and every process that is still in its user namespace, and waits until they are gone. */
export async function closeNodeSandbox(sandbox: NodeSandbox, directory: string, clock: Clock): Promise<void> {
  const { pid } = sandbox.holder;
  const link = namespaceOf(pid);
  for (let round = 0; round < 200; round += 1) {
    const members = link === undefined ? [] : processesIn(link);
    for (const member of members) signalProcess(member, "SIGKILL");
    if (isAlive(sandbox.holder)) signalProcess(pid, "SIGKILL");
    else if (members.length === 0) break;
    await delay(clock, 10);
  }
  rmSync(join(directory, "runtime", "holder.json"), { force: true });
}

function namespaceOf(pid: number): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/ns/user`);
  } catch {
    return undefined;
  }
}

function processesIn(namespace: string): number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => namespaceOf(pid) === namespace && identify(pid) !== undefined);
}
