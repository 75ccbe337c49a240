import { asRecords, at } from "../../lib/kube/object.ts";
import type { Capability } from "../../resources/kind.ts";
import type { Action, ActionContext, Operations, TargetObject } from "../action.ts";

type BulkOperation = {
  [Name in keyof Operations]: Operations[Name] extends (targets: readonly TargetObject[]) => Promise<void>
    ? Name
    : never;
}[keyof Operations];

interface Parts {
  readonly id: string;
  readonly title: string;
  readonly key: string;
  readonly needs: Capability;
  readonly operation: BulkOperation;
  /** The right to patch where absent. */
  readonly access?: Action["access"];
  readonly inHintBar?: boolean;
  disabledReason?(context: ActionContext): string | undefined;
}

const JOBS = { group: "batch", version: "v1", resource: "jobs" };

/** An action on all marked objects that runs one operation. */
const act = ({ key, operation, ...parts }: Parts): Action => ({
  ...parts,
  keys: [key],
  scope: "table",
  group: "act",
  mutates: true,
  access: parts.access ?? [{ verb: "patch" }],
  run: ({ targets, app }) => app.operations[operation](targets),
});

const unbound = ({ targets }: ActionContext): string | undefined =>
  targets.some(({ object }) => at(object, "status", "phase") !== "Bound") ? "only a bound claim can grow" : undefined;

const decided = ({ targets }: ActionContext): string | undefined => {
  const target = targets.find(({ object }) =>
    asRecords(at(object, "status", "conditions")).some(({ type }) => type === "Approved" || type === "Denied"),
  );
  return target === undefined ? undefined : `${target.name} is decided already`;
};

/** What acts on single kinds of workloads, and labels and annotations of everything. */
export const workloadActions: readonly Action[] = [
  act({ id: "resource.label", title: "Label", key: "m", needs: "edit", operation: "label" }),
  act({ id: "resource.annotate", title: "Annotate", key: "shift-m", needs: "edit", operation: "annotate" }),
  act({ id: "node.taint", title: "Taint", key: "shift-t", needs: "cordon", operation: "taint" }),
  act({
    id: "pod.evict",
    title: "Evict",
    key: "shift-v",
    needs: "evict",
    operation: "evict",
    access: [{ verb: "create", subresource: "eviction" }],
  }),
  act({
    id: "pod.kill",
    title: "Kill",
    key: "shift-k",
    needs: "evict",
    operation: "kill",
    access: [{ verb: "delete" }],
  }),
  act({ id: "deployment.pause", title: "Pause, resume", key: "z", needs: "pause", operation: "pause" }),
  act({
    id: "job.suspend",
    title: "Suspend, resume",
    key: "s",
    needs: "suspend",
    operation: "suspend",
    inHintBar: true,
  }),
  act({
    id: "job.run-now",
    access: [{ verb: "create", of: JOBS }],
    title: "Run now",
    key: "t",
    needs: "run-now",
    operation: "runNow",
    inHintBar: true,
  }),
  act({
    id: "claim.expand",
    title: "Expand",
    key: "s",
    needs: "expand",
    operation: "expand",
    inHintBar: true,
    disabledReason: unbound,
  }),
  act({
    id: "certificate.approve",
    title: "Approve",
    key: "a",
    needs: "approve",
    operation: "approve",
    // The right to approve is one to a signer, which a review of the request does not tell.
    access: [],
    inHintBar: true,
    disabledReason: decided,
  }),
  act({
    id: "certificate.deny",
    title: "Deny",
    key: "shift-r",
    needs: "approve",
    operation: "deny",
    // The right to approve is one to a signer, which a review of the request does not tell.
    access: [],
    inHintBar: true,
    disabledReason: decided,
  }),
];
