import { isDeepStrictEqual } from "node:util";
import { asRecord, asRecords, asString, at, type KubeObject } from "../../lib/kube/object.ts";
import { invalid, type StatusCause } from "../machinery/status-error.ts";

/**
 * `pods/ephemeralcontainers`: the old pod with the ephemeral containers of the given one, nothing else of it
 * (pkg/registry/core/pod strategy.go, podEphemeralContainersStrategy). They can be added and never changed or removed.
 */
export function withEphemeralContainers(old: KubeObject, given: KubeObject): KubeObject {
  const { resourceVersion, uid, managedFields } = given.metadata;
  const { ephemeralContainers: _, ...spec } = asRecord(old["spec"]);
  const ephemeralContainers = at(given, "spec", "ephemeralContainers");
  return {
    ...old,
    metadata: {
      ...old.metadata,
      ...(resourceVersion === undefined ? {} : { resourceVersion }),
      ...(uid === undefined ? {} : { uid }),
      ...(managedFields === undefined ? {} : { managedFields }),
    },
    spec: ephemeralContainers === undefined ? spec : { ...spec, ephemeralContainers },
  };
}

/**
 * `ValidatePodEphemeralContainersUpdate`; through the pod itself none may be added either.
 * @throws StatusError 422
 */
export function checkEphemeralContainers(changed: KubeObject, old: KubeObject, mayAdd: boolean): void {
  const now = containersOf(changed);
  const before = containersOf(old);
  const name = old.metadata.name ?? "";
  const faults: StatusCause[] = [];
  const forbid = (why: string): void => {
    faults.push({ reason: "FieldValueForbidden", message: `Forbidden: ${why}`, field: "spec.ephemeralContainers" });
  };
  for (const [container, was] of before) {
    const found = now.get(container);
    if (found === undefined) forbid(`existing ephemeral containers "${container}" may not be removed`);
    else if (!isDeepStrictEqual(found, was)) forbid(`existing ephemeral containers "${container}" may not be changed`);
  }
  if (!mayAdd && now.size > before.size) forbid("pod updates may not add or remove containers");
  if (faults.length > 0) throw invalid("", "Pod", name, faults);
}

function containersOf(pod: KubeObject): ReadonlyMap<string, unknown> {
  return new Map(
    asRecords(at(pod, "spec", "ephemeralContainers")).map((container) => [asString(container["name"]), container]),
  );
}
