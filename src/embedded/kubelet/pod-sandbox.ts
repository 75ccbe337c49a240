import { errorMessage } from "../../lib/errors.ts";
import type { SandboxState } from "../runtimes/runtime.ts";
import { sandboxSpec, unsupportedSettings } from "./container-spec.ts";
import type { PodAddresses } from "./field-reference.ts";
import type { PodDirectory } from "./pod-directory.ts";
import type { Pod } from "./pod.ts";
import { PodVolumes } from "./volumes/pod-volumes.ts";
import type { WorkerContext } from "./worker-context.ts";

const SANDBOX_RETRY_MILLISECONDS = 10_000;
const FIRST_MOUNT_RETRY_MILLISECONDS = 500;
const LAST_MOUNT_RETRY_MILLISECONDS = 122_000;

/** What the containers of one pod share: its sandbox and its volumes. */
export class PodSandbox {
  readonly volumes: PodVolumes;
  readonly #context: WorkerContext;
  readonly #wakeAt: (at: number | undefined) => void;
  #state: SandboxState | undefined;
  #released = false;
  #dirty = true;
  #mountFailures = 0;
  #mountAt = 0;

  /** @param state what an earlier engine left, if anything */
  constructor(
    context: WorkerContext,
    pod: () => Pod,
    directory: PodDirectory,
    state: SandboxState | undefined,
    wakeAt: (at: number | undefined) => void,
  ) {
    const { token, runtime, clock } = context;
    this.#context = context;
    this.#state = state;
    this.#wakeAt = wakeAt;
    this.volumes = new PodVolumes({
      directory: directory.volumes,
      clock,
      token: token === undefined ? undefined : () => token(pod().namespace, pod().serviceAccountName),
      hostId: (id) => (runtime.idOffset === undefined ? undefined : runtime.idOffset + id),
    });
  }

  /** It stands: there is a network to connect to. */
  get ready(): boolean {
    return this.#state !== undefined && !this.#released;
  }

  /** It has stood once, even if it has been given back since. */
  get made(): boolean {
    return this.#state !== undefined;
  }

  /** The files of volumes are to be looked at again, at once. */
  markDirty(): void {
    this.#dirty = true;
    this.#mountAt = 0;
  }

  needsRefresh(): boolean {
    const { renewAt } = this.volumes;
    return this.#dirty || (renewAt !== undefined && renewAt <= this.#context.clock.now());
  }

  addresses(pod: Pod): PodAddresses {
    const { hostIp } = this.#context;
    return { podIp: this.#state?.ip ?? (pod.hostNetwork ? hostIp : ""), hostIp };
  }

  /**
   * Brings volumes up to date and, where containers are to start, makes the sandbox.
   * @param hadContainers the pod has run before: its sandbox was lost
   * @returns false where that failed and has to wait
   */
  async prepare(pod: Pod, needed: boolean, hadContainers: boolean): Promise<boolean> {
    if (!(await this.#prepareVolumes(pod))) return false;
    if (this.#state !== undefined || !needed) return true;
    const { runtime, clock, recorder } = this.#context;
    if (hadContainers) {
      const message = "Pod sandbox changed, it will be killed and re-created.";
      recorder.event(pod.object, "Normal", "SandboxChanged", message);
    } else this.#tellLimitations(pod);
    try {
      this.#state = await runtime.createSandbox(sandboxSpec(pod, this.#context));
    } catch (error) {
      const message = `Failed to create pod sandbox: ${errorMessage(error)}`;
      recorder.event(pod.object, "Warning", "FailedCreatePodSandBox", message);
      this.#wakeAt(clock.now() + SANDBOX_RETRY_MILLISECONDS);
      return false;
    }
    // Files of the downward API may show the address.
    this.#dirty = true;
    return await this.#prepareVolumes(pod);
  }

  /** Gives back the network and what the runtime keeps; logs and volumes stay. */
  async release(uid: string): Promise<void> {
    if (this.#released) return;
    await this.#context.runtime.removeSandbox(uid);
    this.#released = true;
  }

  async #prepareVolumes(pod: Pod): Promise<boolean> {
    const { clock, recorder, references } = this.#context;
    if (!this.needsRefresh()) return true;
    if (this.#mountAt > clock.now()) {
      this.#wakeAt(this.#mountAt);
      return false;
    }
    this.#dirty = false;
    try {
      await this.volumes.prepare(pod, { addresses: this.addresses(pod), references });
      this.#mountFailures = 0;
      this.#wakeAt(this.volumes.renewAt);
      return true;
    } catch (error) {
      this.#dirty = true;
      const wait = Math.min(FIRST_MOUNT_RETRY_MILLISECONDS * 2 ** this.#mountFailures, LAST_MOUNT_RETRY_MILLISECONDS);
      this.#mountFailures += 1;
      this.#mountAt = clock.now() + wait;
      recorder.event(pod.object, "Warning", "FailedMount", errorMessage(error));
      this.#wakeAt(this.#mountAt);
      return false;
    }
  }

  #tellLimitations(pod: Pod): void {
    const { features, recorder } = this.#context;
    if (!features.isolation) {
      const message = "This pod runs as plain processes of this machine, without namespaces: it is not isolated.";
      recorder.event(pod.object, "Warning", "NotIsolated", message);
    }
    const ignored = unsupportedSettings(pod, features);
    if (ignored.length === 0) return;
    const message = `kelpie's runtime does not support these settings and runs the pod without them: ${ignored.join(", ")}`;
    recorder.event(pod.object, "Warning", "UnsupportedSettings", message);
  }
}
