import type { Operations } from "../../hotkeys/action.ts";
import { errorMessage, KelpieError } from "../../lib/errors.ts";
import { DIFF_TONES, diffLines, diffText } from "../../lib/line-diff.ts";
import { at, controllerOf } from "../../lib/kube/object.ts";
import { toYaml } from "../../lib/yaml.ts";
import { revisionsOf } from "../../resources/rollout-history.ts";
import type { AppServices } from "../context.ts";
import { nameTargets, onEach } from "./on-each.ts";

/** Gives a workload the template of an earlier revision, after showing what that changes. */
export function createRollBack(services: AppServices): Operations["rollBack"] {
  return async (target, revision, current) => {
    const cluster = services.cluster();
    if (cluster === undefined) return;
    const what = nameTargets([target]);
    if (at(target.object, "spec", "paused") === true) {
      services.app.flash("warning", `${what} is paused: resume it before it goes back to a revision`);
      return;
    }
    const diff = diffLines(
      toYaml(current?.template ?? at(target.object, "spec", "template")),
      toYaml(revision.template),
    );
    const answer = await services.app.confirm({
      title: `Roll ${what} back to revision ${revision.number}?`,
      lines: diff.map(diffText),
      lineTones: diff.map((line) => DIFF_TONES[line.kind]),
      confirmLabel: "Roll back",
      danger: true,
    });
    if (answer === undefined) return;
    await onEach(services, [target], `rolled back to revision ${revision.number}`, async () => {
      const { type, body } = revision.patch;
      const after = await cluster.writes.patch(target, type, body, { verb: "roll back" });
      if (after.metadata.generation !== undefined && after.metadata.generation === target.object.metadata.generation) {
        throw new KelpieError("the server changed nothing: its template is that of the revision already");
      }
    });
  };
}

/** Gives the deployment that a ReplicaSet belongs to that ReplicaSet's template, as it was on screen. */
export function createRollBackTo(services: AppServices): Operations["rollBackTo"] {
  const rollBack = createRollBack(services);
  return async (replicaSet) => {
    const cluster = services.cluster();
    const owner = controllerOf(replicaSet.object);
    if (cluster === undefined || owner === undefined) return;
    const { resources } = cluster.catalog.get();
    const resource = resources.find((each) => each.group === "apps" && each.resource === "deployments");
    const failed = (why: string): void =>
      services.app.flash("error", `${nameTargets([replicaSet])}: its deployment is not rolled back: ${why}`);
    if (resource === undefined) {
      failed("the server has not told that it serves deployments");
      return;
    }
    const { namespace } = replicaSet;
    try {
      const deployment = await cluster.get({ resource, namespace, name: owner.name });
      const { uid } = deployment.metadata;
      const [revision] = revisionsOf(deployment, [replicaSet.object]);
      if (uid !== owner.uid) failed(`the deployment ${owner.name} was replaced by another of its name`);
      else if (revision === undefined) failed("the ReplicaSet names no revision");
      else if (String(revision.number) === deployment.metadata.annotations?.["deployment.kubernetes.io/revision"]) {
        services.app.flash("warning", `${nameTargets([replicaSet])} is the current revision of ${owner.name}`);
      } else await rollBack({ resource, namespace, name: owner.name, uid, object: deployment }, revision, undefined);
    } catch (error) {
      failed(errorMessage(error));
    }
  };
}
