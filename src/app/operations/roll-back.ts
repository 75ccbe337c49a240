import type { Operations } from "../../hotkeys/action.ts";
import { KelpieError } from "../../lib/errors.ts";
import { DIFF_TONES, diffLines, diffText } from "../../lib/line-diff.ts";
import { at } from "../../lib/kube/object.ts";
import { toYaml } from "../../lib/yaml.ts";
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
