import { errorMessage } from "../../../lib/errors.ts";
import { asRecord, asString, isRecord, type KubeObject } from "../../../lib/kube/object.ts";
import type { EventRecorder } from "../../machinery/event-recorder.ts";
import { keyOf, RESOURCES, type Registry } from "../../machinery/registry.ts";
import { isNotFound, StatusError } from "../../machinery/status-error.ts";
import { controllerReference } from "./owner-claims.ts";

/** Creates and deletes pods for an owner and records it as events of the owner (pkg/controller RealPodControl). */
export interface PodControl {
  /** @param template a `PodTemplateSpec` */
  create(owner: KubeObject, template: unknown): Promise<void>;
  /** @returns whether the pod was there to delete */
  delete(owner: KubeObject, pod: KubeObject): Promise<boolean>;
}

export function createPodControl(registry: Registry, recorder: EventRecorder): PodControl {
  return {
    async create(owner, template) {
      const namespace = owner.metadata.namespace ?? "";
      try {
        const pod = await registry.create(RESOURCES.pods, namespace, podFromTemplate(owner, template));
        recorder.event(owner, "Normal", "SuccessfulCreate", `Created pod: ${pod.metadata.name ?? ""}`);
      } catch (error) {
        if (!isNamespaceTerminating(error)) {
          recorder.event(owner, "Warning", "FailedCreate", `Error creating: ${errorMessage(error)}`);
        }
        throw error;
      }
    },
    async delete(owner, pod) {
      try {
        const uid = pod.metadata.uid;
        await registry.delete(RESOURCES.pods, keyOf(pod), uid === undefined ? {} : { preconditions: { uid } });
      } catch (error) {
        if (isNotFound(error)) return false;
        recorder.event(owner, "Warning", "FailedDelete", `Error deleting: ${errorMessage(error)}`);
        throw error;
      }
      recorder.event(owner, "Normal", "SuccessfulDelete", `Deleted pod: ${pod.metadata.name ?? ""}`);
      return true;
    },
  };
}

/** Nothing can be created in a namespace that is going: no failure, and nobody wants to hear of it. */
export function isNamespaceTerminating(error: unknown): boolean {
  if (!(error instanceof StatusError)) return false;
  return error.details?.causes?.some((cause) => cause.reason === "NamespaceTerminating") === true;
}

function podFromTemplate(owner: KubeObject, template: unknown): KubeObject {
  const metadata = asRecord(asRecord(template)["metadata"]);
  const labels = stringMap(metadata["labels"]);
  const annotations = stringMap(metadata["annotations"]);
  const finalizers = Array.isArray(metadata["finalizers"]) ? metadata["finalizers"].map((name) => asString(name)) : [];
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      generateName: `${owner.metadata.name ?? ""}-`,
      namespace: owner.metadata.namespace ?? "",
      ...(labels === undefined ? {} : { labels }),
      ...(annotations === undefined ? {} : { annotations }),
      ...(finalizers.length === 0 ? {} : { finalizers }),
      ownerReferences: [controllerReference(owner)],
    },
    spec: asRecord(template)["spec"] ?? {},
  };
}

/** A map of strings as `metadata.labels` holds it, `undefined` for anything else. */
export function stringMap(value: unknown): Readonly<Record<string, string>> | undefined {
  if (!isRecord(value)) return undefined;
  return Object.fromEntries(Object.entries(value).map(([key, text]) => [key, asString(text)]));
}
