import { groupResource } from "../lib/kube/gvr.ts";
import { asNumber, asRecord, asString, at, controllerOf, isRecord, type KubeObject } from "../lib/kube/object.ts";
import type { JournalEntry } from "./cluster.ts";
import { cleanForEdit, computePatch, equal, mergeEdits } from "./edit.ts";
import { lostWith } from "./recreate.ts";

type Fields = Readonly<Record<string, unknown>>;

/** How a write is taken back, or why it is not. */
export type UndoPlan =
  | { readonly how: "refused"; readonly why: string }
  /** Puts back what the write changed, and nothing else, on the condition that the object is still as it was read. */
  | {
      readonly how: "update";
      readonly now: Fields;
      readonly undone: Fields;
      readonly patch: Fields;
      /** Fields that somebody changed since; the undo would change them, too. */
      readonly conflicts: readonly string[];
      /** The write went through the scale subresource, and so does this. */
      readonly replicas?: number;
    }
  | { readonly how: "create"; readonly object: KubeObject; readonly lost: readonly string[] }
  | { readonly how: "delete" };

/** What cannot be taken back, by the verb of the journal. */
const FINAL: Readonly<Record<string, string>> = {
  restart: "its pods have been replaced, and to take its mark away would replace them once more",
  expand: "a claim never shrinks",
};

/**
 * What would undo a write.
 * @param live the object of this name as it is now; `undefined` where there is none
 */
export function planUndo(entry: JournalEntry, live: KubeObject | undefined): UndoPlan {
  const why = reasonAgainstUndo(entry);
  if (why !== undefined) return refused(why);
  if (entry.operation === "create") return planDeletion(entry, live);
  if (entry.operation === "update") return planUpdate(entry, live);
  return planCreation(entry, live);
}

/** Why a write can never be undone, whatever the cluster holds now. */
export function reasonAgainstUndo(entry: JournalEntry): string | undefined {
  const { before, after, operation, verb, target, result } = entry;
  if (result === "failed") return "the server refused it: there is nothing to undo";
  if (operation === "session") return "what was done inside a container is not known";
  if (operation === "create") return target.uid === undefined ? "the server did not tell what it created" : undefined;
  const final = FINAL[verb];
  if (final !== undefined) return `${verb} cannot be undone: ${final}`;
  if (target.subresource !== "" && target.subresource !== "scale") {
    return `what is written to ${target.resource}/${target.subresource} cannot be taken back`;
  }
  if (before === undefined) return "the state before it could not be read when it was written";
  if (entry.masked === true) {
    return "values of secrets are kept only by the session that wrote them, and this is another one";
  }
  if (operation === "update" && after === undefined) return "the server did not tell the state after it";
  const controller = target.resource === "pods" && target.group === "" ? controllerOf(before) : undefined;
  if (operation !== "update" && controller !== undefined) {
    return `pointless: ${controller.kind} ${controller.name} replaces its pods by itself`;
  }
  return undefined;
}

function refused(why: string): UndoPlan {
  return { how: "refused", why };
}

function nameOf({ target }: JournalEntry): string {
  return `${groupResource(target)} ${target.namespace === "" ? "" : `${target.namespace}/`}${target.name}`;
}

function planDeletion(entry: JournalEntry, live: KubeObject | undefined): UndoPlan {
  if (live === undefined) return refused(`${nameOf(entry)} is gone already`);
  if (live.metadata.uid !== entry.target.uid) return refused(`${nameOf(entry)} is another object by now`);
  return live.metadata.deletionTimestamp === undefined
    ? { how: "delete" }
    : refused(`${nameOf(entry)} is being deleted already`);
}

function planCreation(entry: JournalEntry, live: KubeObject | undefined): UndoPlan {
  const { before, target } = entry;
  if (live !== undefined) {
    return refused(
      live.metadata.uid === target.uid
        ? `${nameOf(entry)} is still there${live.metadata.deletionTimestamp === undefined ? "" : ", being deleted: wait until it is gone"}`
        : `there is ${nameOf(entry)} again: somebody made it anew`,
    );
  }
  return before === undefined
    ? refused("the state before it is not known")
    : { how: "create", object: before, lost: lostWith(before) };
}

function planUpdate(entry: JournalEntry, live: KubeObject | undefined): UndoPlan {
  const { before, after, target } = entry;
  if (live === undefined) return refused(`${nameOf(entry)} is gone`);
  if (live.metadata.uid !== target.uid) return refused(`${nameOf(entry)} is another object by now`);
  if (before === undefined || after === undefined) return refused("the states around it are not known");
  const [was, left, now] = [cleanForEdit(before), cleanForEdit(after), cleanForEdit(live)];
  if (equal(was, left)) return refused("it changed nothing");
  const { merged, conflicts } = mergeEdits(left, was, now);
  const patch = computePatch(now, merged);
  if (!isRecord(patch)) return refused(`${nameOf(entry)} is as it was before already`);
  const replicas = target.subresource === "scale" ? asNumber(at(merged, "spec", "replicas")) : undefined;
  return {
    how: "update",
    now,
    undone: merged,
    patch: {
      ...patch,
      metadata: { ...asRecord(patch["metadata"]), resourceVersion: asString(live.metadata.resourceVersion) },
    },
    conflicts,
    ...(replicas === undefined ? {} : { replicas }),
  };
}
