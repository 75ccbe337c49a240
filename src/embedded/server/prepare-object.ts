import { randomUUID } from "node:crypto";
import { apiVersionOf } from "../../lib/kube/gvr.ts";
import type { Json, KubeObject, ObjectMeta } from "../../lib/kube/object.ts";
import { jsonEqual, jsonOf } from "../machinery/json.ts";
import { generateName } from "../machinery/names.ts";
import type { ServedResource, StrategyContext } from "../machinery/served-resource.ts";
import { badRequest, invalid, modifiedConflict, conflict } from "../machinery/status-error.ts";
import { formatTime } from "../machinery/time.ts";

/** An object as it comes out of JSON: without `undefined`, shared with nobody. */
export function ownCopy(object: KubeObject): KubeObject {
  return JSON.parse(JSON.stringify(object)) as KubeObject;
}

/** @throws StatusError 400 where apiVersion or kind are not those of the resource */
export function checkKind(resource: ServedResource, object: KubeObject): void {
  const wanted = apiVersionOf(resource);
  if (object.apiVersion !== undefined && object.apiVersion !== wanted) {
    throw badRequest(
      `the API version in the data (${object.apiVersion}) does not match the expected API version (${wanted})`,
    );
  }
  if (object.kind !== undefined && object.kind !== resource.kind) {
    throw badRequest(
      `${object.kind} in version "${resource.version}" cannot be handled as a ${resource.kind}: no kind "${object.kind}" is registered for version "${wanted}"`,
    );
  }
}

/**
 * A new object with what the server gives it: name, uid, times, generation (apiserver pkg/registry/rest/create.go,
 * BeforeCreate). Defaulting, admission and validation follow.
 * @throws StatusError 400 for a namespace that is not the request's, 422 without a name
 */
export function prepareNew(
  resource: ServedResource,
  namespace: string,
  given: KubeObject,
  context: StrategyContext,
): KubeObject {
  checkNamespace(resource, namespace, given);
  const { metadata: meta } = given;
  const name = (meta.name ?? "") === "" && meta.generateName ? generateName(meta.generateName) : (meta.name ?? "");
  if (name === "") {
    throw invalid(resource.group, resource.kind, "", [
      {
        reason: "FieldValueRequired",
        message: "Required value: name or generateName is required",
        field: "metadata.name",
      },
    ]);
  }
  const {
    deletionTimestamp: _deletion,
    deletionGracePeriodSeconds: _grace,
    resourceVersion: _version,
    generation: _generation,
    ...rest
  } = meta;
  if (_version !== undefined && _version !== "" && _version !== "0") {
    throw badRequest("resourceVersion should not be set on objects to be created");
  }
  const metadata: ObjectMeta = {
    ...rest,
    name,
    ...(resource.namespaced ? { namespace } : {}),
    uid: randomUUID(),
    creationTimestamp: formatTime(context.clock.now()),
    ...(resource.hasGeneration ? { generation: 1 } : {}),
  };
  const { apiVersion: _apiVersion, kind: _kind, metadata: _metadata, ...fields } = given;
  const object = { apiVersion: apiVersionOf(resource), kind: resource.kind, metadata, ...fields };
  return resource.prepareForCreate?.(object, context) ?? object;
}

function checkNamespace(resource: ServedResource, namespace: string, given: KubeObject): void {
  const own = given.metadata?.namespace ?? "";
  if (own !== "" && own !== namespace && resource.namespaced) {
    throw badRequest("the namespace of the provided object does not match the namespace sent on the request");
  }
  if (own !== "" && !resource.namespaced) throw badRequest("namespace may not be set on cluster-scoped objects");
}

/**
 * The next version of an object with what an update cannot change restored (apiserver pkg/registry/rest/update.go,
 * BeforeUpdate). `status` is the old one where the kind has that subresource.
 * @throws StatusError 400 for another name, 409 for an old resourceVersion or another uid
 */
export function prepareChanged(
  resource: ServedResource,
  given: KubeObject,
  old: KubeObject,
  context: StrategyContext,
): KubeObject {
  const metadata = changedMetadata(resource, given, old);
  const { apiVersion: _apiVersion, kind: _kind, metadata: _metadata, ...fields } = given;
  let object: KubeObject = { apiVersion: apiVersionOf(resource), kind: resource.kind, metadata, ...fields };
  if (resource.subresources.includes("status")) object = withStatusOf(object, old);
  return resource.prepareForUpdate?.(object, old, context) ?? object;
}

/** The old object with another status. */
export function prepareStatus(resource: ServedResource, given: KubeObject, old: KubeObject): KubeObject {
  checkPreconditions(resource, given, old);
  const { managedFields } = given.metadata;
  const owned = managedFields === undefined ? old : { ...old, metadata: { ...old.metadata, managedFields } };
  return withStatusOf(owned, given);
}

function withStatusOf(object: KubeObject, source: KubeObject): KubeObject {
  const { status: _, metadata, ...rest } = object;
  return { ...rest, metadata, ...(source["status"] === undefined ? {} : { status: source["status"] }) };
}

function changedMetadata(resource: ServedResource, given: KubeObject, old: KubeObject): ObjectMeta {
  checkPreconditions(resource, given, old);
  const was = old.metadata;
  const { deletionTimestamp: _deletion, deletionGracePeriodSeconds: _grace, ...rest } = given.metadata;
  return {
    ...rest,
    ...(was.name === undefined ? {} : { name: was.name }),
    ...(was.namespace === undefined ? {} : { namespace: was.namespace }),
    ...(was.uid === undefined ? {} : { uid: was.uid }),
    ...(was.generateName === undefined ? {} : { generateName: was.generateName }),
    ...(was.creationTimestamp === undefined ? {} : { creationTimestamp: was.creationTimestamp }),
    ...(was.generation === undefined ? {} : { generation: was.generation }),
    ...(was.resourceVersion === undefined ? {} : { resourceVersion: was.resourceVersion }),
    ...(was.deletionTimestamp === undefined ? {} : { deletionTimestamp: was.deletionTimestamp }),
    ...(was.deletionGracePeriodSeconds === undefined
      ? {}
      : { deletionGracePeriodSeconds: was.deletionGracePeriodSeconds }),
  };
}

function checkPreconditions(resource: ServedResource, given: KubeObject, old: KubeObject): void {
  const { name: givenName = "", namespace = "", resourceVersion = "", uid = "" } = given.metadata ?? {};
  const name = old.metadata.name ?? "";
  if (givenName !== "" && givenName !== name) {
    throw badRequest(`the name of the object (${givenName}) does not match the name on the URL (${name})`);
  }
  if (namespace !== "" && namespace !== (old.metadata.namespace ?? "")) {
    throw badRequest(
      `the namespace of the object (${namespace}) does not match the namespace on the URL (${old.metadata.namespace ?? ""})`,
    );
  }
  if (uid !== "" && uid !== old.metadata.uid) {
    const why = `Precondition failed: UID in precondition: ${uid}, UID in object meta: ${old.metadata.uid}`;
    throw conflict(resource, name, why);
  }
  if (resourceVersion !== "" && resourceVersion !== "0" && resourceVersion !== old.metadata.resourceVersion) {
    throw modifiedConflict(resource, name);
  }
}

/** Raises the generation where anything but metadata and status changed. */
export function withGeneration(resource: ServedResource, object: KubeObject, old: KubeObject): KubeObject {
  const { generation } = old.metadata;
  if (!resource.hasGeneration || generation === undefined) return object;
  if (jsonEqual(desired(object), desired(old))) return object;
  return { ...object, metadata: { ...object.metadata, generation: generation + 1 } };
}

function desired(object: KubeObject): Json {
  const { apiVersion: _apiVersion, kind: _kind, status: _status, ...rest } = object;
  return jsonOf({ ...rest, metadata: {} });
}

/** An update that changes nothing is not stored. */
export function isUnchanged(object: KubeObject, old: KubeObject): boolean {
  return jsonEqual(jsonOf(object), jsonOf(old));
}
