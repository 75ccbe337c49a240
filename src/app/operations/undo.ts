import { isApiError } from "../../cluster/api-error.ts";
import type { Cluster, JournalEntry } from "../../cluster/cluster.ts";
import { lostWith, recreatable } from "../../cluster/recreate.ts";
import { planUndo, reasonAgainstUndo, type UndoPlan } from "../../cluster/undo.ts";
import type { Operations, TargetObject } from "../../hotkeys/action.ts";
import type { ConfirmRequest } from "../../lib/dialog-request.ts";
import { errorMessage } from "../../lib/errors.ts";
import { inReadingOrder } from "../../lib/kube/field-order.ts";
import { parseApiVersion, singularName, type ApiResource } from "../../lib/kube/gvr.ts";
import { asString, type KubeObject } from "../../lib/kube/object.ts";
import { maskedObject } from "../../lib/kube/secret-values.ts";
import { DIFF_TONES, diffLines, diffText } from "../../lib/line-diff.ts";
import { toYaml } from "../../lib/yaml.ts";
import type { AppServices } from "../context.ts";
import { approve, pathOf } from "./on-each.ts";
import { hintOf } from "./shell.ts";

/**
 * Takes back a write of the journal: reads the object as it is now, shows exactly what would be done to it, asks, and
 * does that and nothing else.
 */
export function createUndo(services: AppServices): Operations["undo"] {
  const { app } = services;
  return async (id) => {
    const entry = services.journal().find((each) => each.id === id);
    const cluster = services.cluster();
    if (entry === undefined || cluster === undefined) return;
    const why = reasonAgainstUndo(entry);
    if (why !== undefined) {
      app.flash("warning", `not undone: ${why}`);
      return;
    }
    if (entry.context !== cluster.context.name) {
      await offerContext(services, entry, cluster);
      return;
    }
    const { group, resource: plural } = entry.target;
    const resource = cluster.catalog.get().resources.find((each) => each.group === group && each.resource === plural);
    if (resource === undefined) {
      app.flash("error", `not undone: the server has no ${plural}, or has not told its kinds yet`);
      return;
    }
    try {
      while (!(await undoOnce(services, cluster, entry, resource))) {
        app.flash("warning", `${entry.target.name} has changed meanwhile: look at the difference again`);
      }
    } catch (error) {
      app.flash("error", `${entry.verb} of ${entry.target.name} not undone: ${errorMessage(error)}${hintOf(error)}`);
    }
  };
}

/** @returns false where the object changed between the question and the write */
async function undoOnce(
  services: AppServices,
  cluster: Cluster,
  entry: JournalEntry,
  resource: ApiResource,
): Promise<boolean> {
  const { app } = services;
  const live = await readLive(cluster, entry, resource);
  const plan = planUndo(entry, live);
  if (plan.how === "refused") {
    app.flash("warning", `not undone: ${plan.why}`);
    return true;
  }
  const { namespace, name, uid } = entry.target;
  const object = live ?? entry.before ?? { metadata: {} };
  const target: TargetObject = { resource, namespace, name, uid: plan.how === "create" ? undefined : uid, object };
  if ((await app.confirm(question(entry, target, plan))) === undefined) return true;
  const release = await approve(services, [target], { asked: true });
  if (release === undefined) return true;
  try {
    await perform(cluster, entry, target, plan);
  } catch (error) {
    if (plan.how === "update" && isApiError(error, 409)) return false;
    throw error;
  } finally {
    release();
  }
  app.flash("info", `${entry.verb} of ${singularName(resource)} ${name} undone`);
  return true;
}

async function offerContext({ app }: AppServices, entry: JournalEntry, cluster: Cluster): Promise<void> {
  const answer = await app.confirm({
    title: `Switch to ${entry.context}?`,
    lines: [
      `This was written in the context ${entry.context}, and ${cluster.context.name} is open.`,
      "It can be undone only there.",
    ],
    confirmLabel: "Switch",
    danger: false,
  });
  if (answer !== undefined) app.command(`journal @${entry.context}`);
}

async function readLive(
  cluster: Cluster,
  { target }: JournalEntry,
  resource: ApiResource,
): Promise<KubeObject | undefined> {
  try {
    return await cluster.get({ resource, namespace: target.namespace, name: target.name });
  } catch (error) {
    if (isApiError(error, 404)) return undefined;
    throw error;
  }
}

type Doable = Exclude<UndoPlan, { readonly how: "refused" }>;

async function perform(cluster: Cluster, entry: JournalEntry, target: TargetObject, plan: Doable): Promise<void> {
  const note = { verb: `undo ${entry.verb}`, undoes: entry.id };
  if (plan.how === "delete") await cluster.writes.delete(target, note);
  else if (plan.how === "create") {
    const object = recreatable(plan.object, await livingOwners(cluster, plan.object));
    await cluster.writes.create(target.resource, target.namespace, object, note);
  } else if (plan.replicas !== undefined) await cluster.writes.scale(target, plan.replicas, note);
  else await cluster.writes.patch(target, "merge", plan.patch, note);
}

/** Uids of the owners of a deleted object that are still the same objects: the others would have it collected at once. */
async function livingOwners(cluster: Cluster, { metadata }: KubeObject): Promise<ReadonlySet<string>> {
  const living = new Set<string>();
  for (const owner of metadata.ownerReferences ?? []) {
    const { group } = parseApiVersion(asString(owner.apiVersion));
    const resource = cluster.catalog.get().resources.find((each) => each.group === group && each.kind === owner.kind);
    if (resource === undefined) continue;
    try {
      const found = await cluster.get({ resource, namespace: metadata.namespace ?? "", name: owner.name });
      if (found.metadata.uid === owner.uid) living.add(owner.uid);
    } catch {
      // Gone, or not to be read: without the reference the object lives by itself.
    }
  }
  return living;
}

/** What exactly would be done. */
function question(entry: JournalEntry, target: TargetObject, plan: Doable): ConfirmRequest {
  const what = `${singularName(target.resource)} ${pathOf(target)}`;
  if (plan.how === "delete") {
    return {
      title: `Undo ${entry.verb}: delete ${what}?`,
      lines: [pathOf(target), "", "It was created by kelpie. What it owns is deleted with it."],
      confirmLabel: "Delete",
      danger: true,
    };
  }
  if (plan.how === "create") {
    const lines = toYaml(maskedObject(recreatable(plan.object, new Set())))
      .trimEnd()
      .split("\n");
    return {
      title: `Undo ${entry.verb}: create ${what} again?`,
      lines: [...lostWith(plan.object), "", ...lines.map((text) => diffText({ kind: "added", text }))],
      confirmLabel: "Create",
      danger: false,
    };
  }
  const warnings =
    plan.conflicts.length === 0
      ? []
      : ["Changed by somebody since; these go back, too:", ...plan.conflicts.map((path) => `  ${path}`), ""];
  const secret = target.resource.kind === "Secret";
  const now = { metadata: {}, ...plan.now };
  const undone = { metadata: {}, ...plan.undone };
  const diff = diffLines(
    toYaml(inReadingOrder(secret ? maskedObject(now, now) : now)),
    toYaml(inReadingOrder(secret ? maskedObject(undone, now) : undone)),
  );
  return {
    title: `Undo ${entry.verb} of ${what}?`,
    lines: [...warnings, ...diff.map(diffText)],
    lineTones: [...warnings.map(() => "warning" as const), ...diff.map((line) => DIFF_TONES[line.kind])],
    confirmLabel: "Undo",
    danger: plan.conflicts.length > 0,
  };
}
