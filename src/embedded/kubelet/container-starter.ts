import { randomBytes } from "node:crypto";
import { errorMessage, KelpieError } from "../../lib/errors.ts";
import type { KubeObject } from "../../lib/kube/object.ts";
import { RuntimeError } from "../runtimes/runtime-error.ts";
import type { ContainerState, ImageInfo, Mount } from "../runtimes/runtime.ts";
import { containerSpec, specHash } from "./container-spec.ts";
import { buildEnvironment, ContainerConfigError, expandVariables, type EnvironmentEntry } from "./environment.ts";
import type { PodAddresses } from "./field-reference.ts";
import type { PodContainers } from "./pod-containers.ts";
import type { PodDirectory } from "./pod-directory.ts";
import type { Pod, PodContainer } from "./pod.ts";
import type { Waiting } from "./pod-status.ts";
import { serviceEnvironment } from "./service-environment.ts";
import { VolumeError } from "./volumes/volume-payload.ts";
import type { PodVolumes } from "./volumes/pod-volumes.ts";
import { fieldPathOf, type WorkerContext } from "./worker-context.ts";

export interface StartInput {
  readonly pod: Pod;
  readonly container: PodContainer;
  readonly attempt: number;
  readonly addresses: PodAddresses;
  readonly volumes: PodVolumes;
  readonly containers: PodContainers;
  readonly directory: PodDirectory;
}

/** `image`: what it needs could not be had; `config`: nothing was made; `failed`: made, but it did not start. */
export type StartResult =
  | { readonly outcome: "started"; readonly state: ContainerState }
  | { readonly outcome: "image" | "config" | "failed"; readonly waiting: Waiting };

/** Makes and starts one container, with the events of upstream's kuberuntime startContainer. Never throws. */
export async function startContainer(context: WorkerContext, input: StartInput): Promise<StartResult> {
  const { pod, container } = input;
  const image = await resolveImage(context, pod, container);
  if ("waiting" in image) return { outcome: "image", waiting: image.waiting };
  const event = (type: "Normal" | "Warning", reason: string, message: string): void =>
    context.recorder.event(pod.object, type, reason, message, fieldPathOf(container));
  const id = randomBytes(16).toString("hex");
  let made = false;
  try {
    await makeContainer(context, input, id, image.info);
    made = true;
    event("Normal", "Created", `Created container: ${container.name}`);
    const state = await context.runtime.startContainer(id);
    event("Normal", "Started", `Started container ${container.name}`);
    return { outcome: "started", state };
  } catch (error) {
    const message = errorMessage(error);
    event("Warning", "Failed", `Error: ${message}`);
    if (made) {
      input.containers.fail(id, { reason: "StartError", message, at: context.clock.now() });
      return { outcome: "failed", waiting: { reason: "RunContainerError", message } };
    }
    input.containers.drop(id);
    return { outcome: "config", waiting: { reason: configReason(error), message } };
  }
}

function configReason(error: unknown): string {
  if (error instanceof ContainerConfigError || error instanceof VolumeError) return "CreateContainerConfigError";
  return error instanceof RuntimeError && error.reason !== "" ? error.reason : "CreateContainerError";
}

async function resolveImage(
  context: WorkerContext,
  pod: Pod,
  container: PodContainer,
): Promise<{ readonly info: ImageInfo } | { readonly waiting: Waiting }> {
  const { image } = container;
  const event = (type: "Normal" | "Warning", reason: string, message: string): void =>
    context.recorder.event(pod.object, type, reason, message, fieldPathOf(container));
  try {
    const info = await context.runtime.image(image);
    event("Normal", "Pulled", `Container image "${image}" already present on machine`);
    return { info };
  } catch (error) {
    const reason = error instanceof RuntimeError ? error.reason : "ErrImagePull";
    if (container.imagePullPolicy === "Never" && reason === "ErrImagePull") {
      const message = `Container image "${image}" is not present with pull policy of Never`;
      event("Warning", "ErrImageNeverPull", message);
      event("Warning", "Failed", "Error: ErrImageNeverPull");
      return { waiting: { reason: "ErrImageNeverPull", message } };
    }
    const hint = error instanceof KelpieError && error.hint !== undefined ? `. ${error.hint}` : "";
    const message = errorMessage(error).replace(`failed to pull image "${image}": `, "") + hint;
    if (reason === "ErrImagePull") {
      event("Normal", "Pulling", `Pulling image "${image}"`);
      event("Warning", "Failed", `Failed to pull image "${image}": ${message}`);
      event("Warning", "Failed", `Error: ${reason}`);
    } else event("Warning", "Failed", `Error: ${reason}: ${message}`);
    return { waiting: { reason, message } };
  }
}

async function makeContainer(context: WorkerContext, input: StartInput, id: string, image: ImageInfo): Promise<void> {
  const { pod, container, attempt, directory } = input;
  const environment = await environmentOf(context, input);
  const variables = new Map(environment);
  const mounts = await input.volumes.mounts(pod, container, (text) =>
    expandVariables(text, (name) => variables.get(name)),
  );
  directory.prepareLogs(container.name);
  const spec = containerSpec({
    id,
    pod,
    container,
    attempt,
    image,
    environment,
    mounts: [...mounts, ...terminationMount(context, input, id, mounts)],
    logPath: directory.logFile(container.name, attempt),
    processesOf: targetOf(input),
  });
  // Noted first: after a crash at any point the container is known and its restart count goes on.
  input.containers.add({
    id,
    name: container.name,
    attempt,
    specHash: specHash(container),
    image: container.image,
    imageId: image.id,
    made: false,
  });
  await context.runtime.create(spec);
  input.containers.made(id);
}

/** The container that an ephemeral one looks into. @throws ContainerConfigError where it does not run */
function targetOf({ container, containers }: StartInput): string | undefined {
  const { targetContainerName: name } = container;
  if (name === "") return undefined;
  const target = containers.latest(name);
  if (target?.phase === "running") return target.id;
  throw new ContainerConfigError(`unable to find target container "${name}": it does not run`);
}

function terminationMount(
  { features }: WorkerContext,
  { container, directory }: StartInput,
  id: string,
  mounts: readonly Mount[],
): readonly Mount[] {
  const target = container.terminationMessagePath;
  if (!features.isolation || mounts.some((mount) => mount.target === target)) return [];
  directory.prepareTerminationLog(id);
  return [{ source: directory.terminationLog(id), target, readOnly: false }];
}

async function environmentOf(
  context: WorkerContext,
  { pod, container, addresses }: StartInput,
): Promise<readonly EnvironmentEntry[]> {
  const services = serviceEnvironment(await context.services(pod.namespace, pod.enableServiceLinks));
  // Plain processes do not reach the addresses of services.
  const reachable = context.features.podAddresses && context.features.isolation;
  const known = services.some(([name]) => name === "KUBERNETES_SERVICE_HOST");
  const api: readonly EnvironmentEntry[] =
    reachable && known
      ? []
      : [
          ["KUBERNETES_SERVICE_HOST", context.apiServer.host],
          ["KUBERNETES_SERVICE_PORT", String(context.apiServer.port)],
        ];
  const merged = new Map([...services, ...api]);
  const base: readonly EnvironmentEntry[] = Array.from(merged);
  const own = await buildEnvironment({
    pod,
    container,
    addresses,
    services: base,
    references: context.references,
  });
  const hostname: EnvironmentEntry = ["HOSTNAME", pod.hostname];
  return own.some(([name]) => name === "HOSTNAME") ? own : [hostname, ...own];
}

/** The objects as seen by `services`: of the namespace, and `kubernetes` of `default`. */
export function visibleServices(all: readonly KubeObject[], namespace: string, links: boolean): readonly KubeObject[] {
  return all.filter(({ metadata }) => {
    if (metadata.namespace === "default" && metadata.name === "kubernetes") return true;
    return links && metadata.namespace === namespace;
  });
}
