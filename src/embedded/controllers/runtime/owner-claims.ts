import type { Gvr } from "../../../lib/kube/gvr.ts";
import { controllerOf, type Json, type KubeObject, type OwnerReference } from "../../../lib/kube/object.ts";
import { matchesLabels, type LabelSelector } from "../../../lib/kube/selector.ts";
import { keyOf, type Registry } from "../../machinery/registry.ts";
import { isNotFound, StatusError } from "../../machinery/status-error.ts";

/** What makes `owner` the controller of an object (upstream NewControllerRef). */
export function controllerReference(owner: KubeObject): OwnerReference {
  return {
    apiVersion: owner.apiVersion ?? "",
    kind: owner.kind ?? "",
    name: owner.metadata.name ?? "",
    uid: owner.metadata.uid ?? "",
    controller: true,
    blockOwnerDeletion: true,
  };
}

/**
 * Which of `candidates` the owner controls: those it owns and its selector matches. An orphan that matches is
 * adopted, an owned one that matches no longer is released (pkg/controller controller_ref_manager.go).
 */
export async function claimObjects(options: {
  readonly registry: Registry;
  readonly owner: KubeObject;
  readonly ownerResource: Gvr;
  readonly resource: Gvr;
  readonly selector: LabelSelector;
  readonly candidates: readonly KubeObject[];
}): Promise<readonly KubeObject[]> {
  const { owner, selector } = options;
  const ownerDeleted = owner.metadata.deletionTimestamp !== undefined;
  const claimed: KubeObject[] = [];
  let mayAdopt: Promise<void> | undefined;
  for (const object of options.candidates) {
    const matches = matchesLabels(selector, object.metadata.labels);
    const controller = controllerOf(object);
    if (controller !== undefined) {
      if (controller.uid !== owner.metadata.uid) continue;
      if (matches) claimed.push(object);
      else if (!ownerDeleted) await release(options, object);
      continue;
    }
    if (ownerDeleted || !matches || object.metadata.deletionTimestamp !== undefined) continue;
    mayAdopt ??= checkAdoption(options);
    await mayAdopt;
    if (await adopt(options, object)) claimed.push(object);
  }
  return claimed;
}

type ClaimOptions = Pick<Parameters<typeof claimObjects>[0], "registry" | "owner" | "ownerResource" | "resource">;

/** Asks the store, not the cache: an owner that is being deleted must not gain new dependents. */
async function checkAdoption(options: ClaimOptions): Promise<void> {
  const { owner } = options;
  const fresh = await options.registry.get(options.ownerResource, keyOf(owner));
  const name = `${owner.metadata.namespace ?? ""}/${owner.metadata.name ?? ""}`;
  if (fresh.metadata.uid !== owner.metadata.uid) {
    throw new StatusError(409, "Conflict", `original ${owner.kind ?? "owner"} ${name} is gone: it has another uid`);
  }
  if (fresh.metadata.deletionTimestamp !== undefined) {
    throw new StatusError(409, "Conflict", `${name} has just been deleted at ${fresh.metadata.deletionTimestamp}`);
  }
}

async function adopt(options: ClaimOptions, object: KubeObject): Promise<boolean> {
  const reference: Json = { ...controllerReference(options.owner) };
  const patch: Json = { metadata: { ownerReferences: [reference], uid: object.metadata.uid ?? "" } };
  return patchOwners(options, object, patch);
}

async function release(options: ClaimOptions, object: KubeObject): Promise<void> {
  const uid = options.owner.metadata.uid ?? "";
  const patch: Json = {
    metadata: { ownerReferences: [{ $patch: "delete", uid }], uid: object.metadata.uid ?? "" },
  };
  await patchOwners(options, object, patch);
}

/** `false` where the object is gone or another one of that name stands there. */
async function patchOwners(options: ClaimOptions, object: KubeObject, patch: Json): Promise<boolean> {
  try {
    await options.registry.patch(options.resource, keyOf(object), "strategic", patch);
    return true;
  } catch (error) {
    // 409 and 422: the uid in the patch is not the stored one.
    if (isNotFound(error) || (error instanceof StatusError && (error.code === 422 || error.code === 409))) return false;
    throw error;
  }
}
