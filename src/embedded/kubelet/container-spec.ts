import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { isIPv4, isIPv6 } from "node:net";
import { asArray, asRecord, asRecords, asString, at } from "../../lib/kube/object.ts";
import { parseQuantity } from "../../lib/quantity.ts";
import type { ContainerSpec, ImageInfo, Mount, RuntimeFeatures, SandboxSpec } from "../runtimes/runtime.ts";
import { ContainerConfigError, expandVariables, type EnvironmentEntry } from "./environment.ts";
import type { Pod, PodContainer } from "./pod.ts";

/** Changes when the container must be made anew; probes and resources may change without. */
export function specHash(container: PodContainer): string {
  const { livenessProbe: _l, readinessProbe: _r, startupProbe: _s, resources: _q, ...rest } = container.spec;
  return createHash("sha256").update(stableJson(rest)).digest("hex").slice(0, 16);
}

function stableJson(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) =>
    typeof inner === "object" && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
}

export interface ContainerSpecInput {
  readonly id: string;
  readonly pod: Pod;
  readonly container: PodContainer;
  readonly attempt: number;
  readonly image: ImageInfo;
  readonly environment: readonly EnvironmentEntry[];
  readonly mounts: readonly Mount[];
  readonly logPath: string;
  /** Id of the container whose processes it shares. */
  readonly processesOf?: string | undefined;
}

/** @throws ContainerConfigError for settings that contradict each other */
export function containerSpec(input: ContainerSpecInput): ContainerSpec {
  const { pod, container, image } = input;
  const variables = new Map(input.environment);
  // The image's variables are weakest.
  const environment = [...image.env.filter(([name]) => !variables.has(name)), ...input.environment];
  const security = container.securityContext;
  const user = userOf(pod, container, image);
  return {
    id: input.id,
    sandboxId: pod.uid,
    name: container.name,
    attempt: input.attempt,
    image: container.image,
    command: commandOf(container, image, variables),
    env: environment,
    workingDir: container.workingDir || image.workingDir || "/",
    mounts: input.mounts,
    tty: container.tty,
    stdin: container.stdin,
    stdinOnce: container.stdinOnce,
    readOnlyRootFilesystem: security["readOnlyRootFilesystem"] === true,
    ...(user === undefined ? {} : { user }),
    capabilities: {
      add: names(at(security, "capabilities", "add")),
      drop: names(at(security, "capabilities", "drop")),
    },
    privileged: security["privileged"] === true,
    resources: resourcesOf(container),
    logPath: input.logPath,
    ...(input.processesOf === undefined ? {} : { processesOf: input.processesOf }),
  };
}

function names(value: unknown): readonly string[] {
  return asArray(value).map((entry) => asString(entry));
}

function commandOf(
  container: PodContainer,
  image: ImageInfo,
  variables: ReadonlyMap<string, string>,
): readonly string[] {
  const entrypoint = container.command.length > 0 ? container.command : image.entrypoint;
  const inherited = container.command.length > 0 ? [] : image.command;
  const args = container.args.length > 0 ? container.args : inherited;
  const command = [...entrypoint, ...args].map((part) => expandVariables(part, (name) => variables.get(name)));
  if (command.length === 0) {
    throw new ContainerConfigError(
      `no command specified: image "${container.image}" has none, so the container needs "command" or "args"`,
    );
  }
  return command;
}

function resourcesOf(container: PodContainer): ContainerSpec["resources"] {
  const cpuLimit = parseQuantity(container.limits["cpu"]);
  const cpuRequest = parseQuantity(container.requests["cpu"]);
  const memoryLimit = parseQuantity(container.limits["memory"]);
  return {
    ...(cpuLimit === undefined ? {} : { cpuLimit }),
    ...(cpuRequest === undefined ? {} : { cpuRequest }),
    ...(memoryLimit === undefined ? {} : { memoryLimit }),
  };
}

/** The effective user: the container's settings over the pod's over the image's. */
function userOf(pod: Pod, container: PodContainer, image: ImageInfo): ContainerSpec["user"] {
  const setting = (field: string): unknown => container.securityContext[field] ?? pod.securityContext[field];
  const uid = numberOf(setting("runAsUser"));
  const gid = numberOf(setting("runAsGroup"));
  const fsGroup = numberOf(pod.securityContext["fsGroup"]);
  const supplemental = asArray(pod.securityContext["supplementalGroups"]).flatMap((group) => numberOf(group) ?? []);
  const groups = [...(fsGroup === undefined ? [] : [fsGroup]), ...supplemental];
  const [imageUser = "", imageGroup = ""] = image.user.split(":");
  const imageUid = imageUser === "" ? 0 : numberOf(Number(imageUser));
  if (setting("runAsNonRoot") === true) checkNonRoot(pod, container, uid ?? imageUid, imageUser);
  if (uid === undefined && gid === undefined && groups.length === 0) return undefined;
  return { uid: uid ?? imageUid ?? 0, gid: gid ?? numberOf(Number(imageGroup)) ?? 0, groups };
}

function checkNonRoot(pod: Pod, container: PodContainer, uid: number | undefined, imageUser: string): void {
  const where = `(pod: "${pod.name}_${pod.namespace}(${pod.uid})", container: ${container.name})`;
  if (uid === 0) {
    throw new ContainerConfigError(`container has runAsNonRoot and image will run as root ${where}`);
  }
  if (uid === undefined) {
    throw new ContainerConfigError(
      `container has runAsNonRoot and image has non-numeric user (${imageUser}), cannot verify user is non-root ${where}`,
    );
  }
}

function numberOf(value: unknown): number | undefined {
  return typeof value === "number" && Number.isInteger(value) ? value : undefined;
}

export interface SandboxNetwork {
  readonly clusterDns: string;
  readonly clusterDomain: string;
}

export function sandboxSpec(pod: Pod, network: SandboxNetwork): SandboxSpec {
  const cpu = sumOfLimits(pod, "cpu");
  const memory = sumOfLimits(pod, "memory");
  return {
    id: pod.uid,
    namespace: pod.namespace,
    podName: pod.name,
    hostname: pod.hostname,
    hostNetwork: pod.hostNetwork,
    dns: dnsOf(pod, network),
    hostAliases: pod.hostAliases.map((alias) => ({ ip: asString(alias["ip"]), hostnames: names(alias["hostnames"]) })),
    limits: { ...(cpu === undefined ? {} : { cpu }), ...(memory === undefined ? {} : { memory }) },
  };
}

/** `undefined` where a container has no limit: then the pod has none either. */
function sumOfLimits(pod: Pod, resource: string): number | undefined {
  const sidecars = pod.initContainers.filter(({ role }) => role === "sidecar");
  const running = [...pod.containers, ...sidecars].map((container) => parseQuantity(container.limits[resource]));
  if (running.some((limit) => limit === undefined)) return undefined;
  const together = running.reduce<number>((sum, limit) => sum + (limit ?? 0), 0);
  const alone = pod.initContainers.map((container) => parseQuantity(container.limits[resource]) ?? 0);
  return Math.max(together, ...alone);
}

/** resolv.conf of a pod (upstream: pkg/kubelet/network/dns). */
function dnsOf(pod: Pod, network: SandboxNetwork): SandboxSpec["dns"] {
  const base = dnsBase(pod, network);
  const extra = pod.dnsConfig;
  const options = new Map(base.options.map((option) => [option.split(":")[0] ?? option, option]));
  for (const option of asRecords(extra["options"])) {
    const name = asString(option["name"]);
    const value = asString(option["value"]);
    options.set(name, value === "" ? name : `${name}:${value}`);
  }
  return {
    nameservers: unique([...base.nameservers, ...names(extra["nameservers"])]),
    searches: unique([...base.searches, ...names(extra["searches"])]),
    options: Array.from(options.values()),
  };
}

function dnsBase(pod: Pod, { clusterDns, clusterDomain }: SandboxNetwork): SandboxSpec["dns"] {
  if (pod.dnsPolicy === "None") return { nameservers: [], searches: [], options: [] };
  const host = hostResolver();
  const clusterFirst =
    pod.dnsPolicy === "ClusterFirstWithHostNet" || (pod.dnsPolicy === "ClusterFirst" && !pod.hostNetwork);
  if (!clusterFirst || clusterDns === "") return host;
  const searches = [`${pod.namespace}.svc.${clusterDomain}`, `svc.${clusterDomain}`, clusterDomain, ...host.searches];
  return { nameservers: [clusterDns], searches, options: ["ndots:5"] };
}

function hostResolver(): SandboxSpec["dns"] {
  let text = "";
  try {
    text = readFileSync("/etc/resolv.conf", "utf8");
  } catch {
    // A machine without one resolves nothing, and neither do its pods.
  }
  const lines = text.split("\n").map((line) => line.trim().split(/\s+/));
  const of = (keyword: string): string[] => lines.filter(([word]) => word === keyword).flatMap(([, ...rest]) => rest);
  return {
    nameservers: of("nameserver").filter((address) => isIPv4(address) || isIPv6(address)),
    searches: of("search").filter((domain) => domain !== "."),
    options: of("options"),
  };
}

function unique(values: readonly string[]): readonly string[] {
  return Array.from(new Set(values));
}

/** Fields that kelpie's runtimes cannot honour; a pod that asks for one gets a warning event. */
export function unsupportedSettings(pod: Pod, features: RuntimeFeatures): readonly string[] {
  const spec = asRecord(pod.object["spec"]);
  const flags = ["hostPID", "hostIPC", "shareProcessNamespace", "setHostnameAsFQDN"].filter(
    (field) => spec[field] === true,
  );
  const sysctls = asArray(pod.securityContext["sysctls"]).length > 0 ? ["securityContext.sysctls"] : [];
  const volumes = pod.volumes.flatMap((volume) => {
    const name = asString(volume["name"]);
    return [
      ...(at(volume, "emptyDir", "medium") === "Memory" ? [`emptyDir.medium of volume ${name}`] : []),
      ...(at(volume, "emptyDir", "sizeLimit") === undefined ? [] : [`emptyDir.sizeLimit of volume ${name}`]),
    ];
  });
  const ports = pod.hostNetwork
    ? []
    : pod.containers
        .filter((container) => container.ports.some((port) => typeof port["hostPort"] === "number"))
        .map(({ name }) => `hostPort of container ${name}`);
  const groups = ["fsGroup", "supplementalGroups"]
    .filter((field) => features.uids !== "full" && pod.securityContext[field] !== undefined)
    .map((field) => `securityContext.${field}`);
  return [...flags, ...sysctls, ...groups, ...volumes, ...ports];
}
