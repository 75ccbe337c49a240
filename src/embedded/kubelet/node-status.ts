import { readFileSync } from "node:fs";
import { arch, availableParallelism, freemem, hostname, networkInterfaces, platform, release, totalmem } from "node:os";
import { asRecords, asString, type KubeObject } from "../../lib/kube/object.ts";
import { KELPIE_VERSION } from "../../lib/version.gen.ts";
import { formatTime } from "../machinery/time.ts";
import type { RuntimeLimitation, RuntimeName } from "../runtimes/runtime.ts";
import { KUBERNETES_VERSION } from "../machinery/kubernetes-version.ts";

type Fields = Readonly<Record<string, unknown>>;

const MAX_PODS = 110;
/** Upstream's eviction thresholds: less available memory or disk than this is pressure. */
const MEMORY_PRESSURE_BYTES = 100 * 2 ** 20;
const DISK_PRESSURE_FRACTION = 0.1;

/** What the machine says of itself now. */
export interface MachineFacts {
  readonly cores: number;
  readonly memoryBytes: number;
  readonly availableMemoryBytes: number;
  readonly diskBytes: number;
  readonly availableDiskBytes: number;
  readonly address: string;
  readonly hostname: string;
}

export interface NodeInput {
  readonly name: string;
  readonly runtime: RuntimeName;
  readonly limitations: readonly RuntimeLimitation[];
  readonly facts: MachineFacts;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/** The labels that the node agent keeps on its node. */
export function nodeLabels(name: string): Readonly<Record<string, string>> {
  return {
    "beta.kubernetes.io/arch": goArchitecture(),
    "beta.kubernetes.io/os": goPlatform(),
    "kubernetes.io/arch": goArchitecture(),
    "kubernetes.io/hostname": name,
    "kubernetes.io/os": goPlatform(),
    "node-role.kubernetes.io/control-plane": "",
  };
}

/** `status` of the node; transition times of `old` are kept where a condition has not changed. */
export function nodeStatus(input: NodeInput, old: Fields): Fields {
  const { facts } = input;
  const resources = {
    cpu: String(facts.cores),
    "ephemeral-storage": `${Math.trunc(facts.diskBytes / 1024)}Ki`,
    memory: `${Math.trunc(facts.memoryBytes / 1024)}Ki`,
    pods: String(MAX_PODS),
  };
  return {
    ...old,
    capacity: resources,
    allocatable: resources,
    conditions: nodeConditions(input, asRecords(old["conditions"])),
    addresses: [
      { type: "InternalIP", address: facts.address },
      { type: "Hostname", address: input.name },
    ],
    nodeInfo: {
      machineID: readLine("/etc/machine-id"),
      systemUUID: readLine("/etc/machine-id"),
      bootID: readLine("/proc/sys/kernel/random/boot_id"),
      kernelVersion: release(),
      osImage: osImage(),
      containerRuntimeVersion: `kelpie-${input.runtime}://${KELPIE_VERSION}`,
      kubeletVersion: KUBERNETES_VERSION,
      kubeProxyVersion: KUBERNETES_VERSION,
      operatingSystem: goPlatform(),
      architecture: goArchitecture(),
    },
  };
}

function nodeConditions(input: NodeInput, old: readonly Fields[]): readonly Fields[] {
  const { facts, limitations, now } = input;
  const memory = facts.availableMemoryBytes < MEMORY_PRESSURE_BYTES;
  const disk = facts.diskBytes > 0 && facts.availableDiskBytes < facts.diskBytes * DISK_PRESSURE_FRACTION;
  const pressures: ReadonlyArray<readonly [string, boolean, string, string, string, string]> = [
    [
      "MemoryPressure",
      memory,
      "KubeletHasInsufficientMemory",
      "kubelet has insufficient memory available",
      "KubeletHasSufficientMemory",
      "kubelet has sufficient memory available",
    ],
    [
      "DiskPressure",
      disk,
      "KubeletHasDiskPressure",
      "kubelet has disk pressure",
      "KubeletHasNoDiskPressure",
      "kubelet has no disk pressure",
    ],
    [
      "PIDPressure",
      false,
      "KubeletHasInsufficientPID",
      "kubelet has insufficient PID available",
      "KubeletHasSufficientPID",
      "kubelet has sufficient PID available",
    ],
  ];
  const wanted = [
    ...limitations.map(({ reason, message }) => ({ type: reason, status: "True", reason, message })),
    ...pressures.map(([type, under, reason, message, calmReason, calmMessage]) =>
      under
        ? { type, status: "True", reason, message }
        : { type, status: "False", reason: calmReason, message: calmMessage },
    ),
    { type: "Ready", status: "True", reason: "KubeletReady", message: "kubelet is posting ready status" },
  ];
  return wanted.map(({ type, status, reason, message }) => {
    const before = old.find((condition) => condition["type"] === type);
    const same = before?.["status"] === status;
    return {
      type,
      status,
      lastHeartbeatTime: formatTime(now),
      lastTransitionTime: (same ? asString(before?.["lastTransitionTime"]) : "") || formatTime(now),
      reason,
      message,
    };
  });
}

/** Without the times of the heartbeat: what is worth writing at once. */
export function nodeSubstance(node: KubeObject): unknown {
  const status = node["status"];
  return JSON.stringify([node.metadata.labels, status], (key, value: unknown) =>
    key === "lastHeartbeatTime" ? undefined : value,
  );
}

/** Reads /proc where there is one: `free` of Node.js counts the page cache as used. */
export function machineFacts(disk: { readonly total: number; readonly available: number }): MachineFacts {
  const available = /^MemAvailable:\s+(\d+) kB$/m.exec(readText("/proc/meminfo"))?.[1];
  return {
    cores: availableParallelism(),
    memoryBytes: totalmem(),
    availableMemoryBytes: available === undefined ? freemem() : Number(available) * 1024,
    diskBytes: disk.total,
    availableDiskBytes: disk.available,
    address: machineAddress(),
    hostname: hostname(),
  };
}

/** The first address that is not loopback, else loopback. */
export function machineAddress(): string {
  for (const addresses of Object.values(networkInterfaces())) {
    const found = addresses?.find(({ family, internal }) => family === "IPv4" && !internal);
    if (found !== undefined) return found.address;
  }
  return "127.0.0.1";
}

function osImage(): string {
  const name = /^PRETTY_NAME="?([^"\n]*)"?$/m.exec(readText("/etc/os-release"))?.[1];
  return name ?? `${platform()} ${release()}`;
}

function goPlatform(): string {
  return platform() === "win32" ? "windows" : platform();
}

function goArchitecture(): string {
  const names: Readonly<Record<string, string>> = { x64: "amd64", ia32: "386" };
  return names[arch()] ?? arch();
}

function readLine(path: string): string {
  return readText(path).trim();
}

function readText(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    // Not a Linux machine, or a bare one: the field stays empty.
    return "";
  }
}
