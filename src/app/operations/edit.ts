import { isApiError } from "../../cluster/api-error.ts";
import type { Cluster } from "../../cluster/cluster.ts";
import { isLoginFault } from "../../cluster/credential.ts";
import { applyEdit, editableYaml, EditError } from "../../cluster/edit.ts";
import type { Operations, TargetObject } from "../../hotkeys/action.ts";
import { errorMessage } from "../../lib/errors.ts";
import { apiVersionOf, singularName } from "../../lib/kube/gvr.ts";
import type { KubeObject } from "../../lib/kube/object.ts";
import { DIFF_TONES, diffText, type DiffLine } from "../../lib/line-diff.ts";
import type { AppServices } from "../context.ts";
import { editDiff } from "./edit-text.ts";
import { EditedText } from "./edited-text.ts";
import { approve } from "./on-each.ts";
import { hintOf } from "./shell.ts";

/**
 * Edits an object in the user's editor. Nothing is sent before the server has accepted the change in a dry run and the
 * user has seen the difference and agreed. What is refused goes back to the editor with the reason on top; what is
 * given up is kept on disk.
 */
export function createEdit(services: AppServices): Operations["edit"] {
  return async (target) => {
    const { app } = services;
    const cluster = services.cluster();
    if (cluster === undefined) return;
    if (cluster.writes.readOnly.get()) {
      app.flash("warning", "read-only: nothing can be edited");
      return;
    }
    let text: EditedText | undefined;
    try {
      const original = await readObject(cluster, target);
      if (target.uid !== undefined && original.metadata.uid !== target.uid) {
        throw new EditError("it is another object by now: the one on screen was deleted");
      }
      const first = editableYaml(original);
      const what = `${singularName(target.resource)}-${target.name}`;
      const secret = original.kind === "Secret";
      // Its name is that of one object alone: what is kept for another must not go with it.
      const kept = secret ? `secret_${cluster.context.name}_${target.namespace}_${target.name}` : target.name;
      text = await EditedText.create(services, what, kept, first, secret);
      await new EditSession(services, cluster, target, text, original).run(first);
    } catch (error) {
      app.flash("error", `${target.name} was not edited: ${errorMessage(error)}${hintOf(error)}`);
    } finally {
      await text?.dispose();
    }
  };
}

async function readObject(cluster: Cluster, { resource, namespace, name }: TargetObject): Promise<KubeObject> {
  const object = await cluster.get({ resource, namespace, name });
  return { ...object, apiVersion: apiVersionOf(resource), kind: resource.kind };
}

class EditSession {
  readonly #services: AppServices;
  readonly #cluster: Cluster;
  readonly #target: TargetObject;
  readonly #text: EditedText;
  /** What the text is an edit of: the newest version after a conflict. */
  #original: KubeObject;

  constructor(services: AppServices, cluster: Cluster, target: TargetObject, text: EditedText, original: KubeObject) {
    this.#services = services;
    this.#cluster = cluster;
    this.#target = target;
    this.#text = text;
    this.#original = original;
  }

  async run(first: string): Promise<void> {
    let text = first;
    let notes = ["Lines that begin with #| are taken away. An unchanged text changes nothing."];
    for (;;) {
      const before = text;
      const edited = await this.#text.open(before, notes);
      if (edited === undefined) return;
      if (edited === before || edited.trim() === "") {
        // Saved as it was: after a refusal that means giving up, and the work in it must not be lost.
        const refused = notes.length > 1;
        await this.#text.giveUp(refused ? "the edit was given up" : `${this.#target.name}: nothing was changed`);
        return;
      }
      const next = await this.#submit(edited);
      if (next === undefined) return;
      text = next.text;
      notes = [...next.notes, "", "Save it unchanged to give up."];
    }
  }

  /** @returns what to edit again and why; `undefined` when it is over */
  async #submit(edited: string): Promise<{ readonly text: string; readonly notes: readonly string[] } | undefined> {
    const { app } = this.#services;
    let text = edited;
    for (;;) {
      try {
        const tried = await this.#apply(text, true);
        if (tried.outcome === "unchanged") {
          app.flash("info", `${this.#target.name}: nothing was changed`);
          return undefined;
        }
        if (tried.outcome === "accepted") {
          if (!(await this.#confirm(editDiff(this.#original, text)))) {
            await this.#text.giveUp("the edit was cancelled", text);
            return undefined;
          }
          const release = await approve(this.#services, [this.#target], { asked: true });
          if (release === undefined) {
            await this.#text.giveUp("the edit was cancelled", text);
            return undefined;
          }
          const written = await this.#apply(text, false).finally(release);
          if (written.outcome !== "conflict") {
            const { resource, name } = this.#target;
            app.flash("info", `${resource.singular} ${name} was edited${await this.#text.accepted()}`);
            return undefined;
          }
          this.#original = this.#named(written.latest);
          text = written.text;
          if (written.conflicts.length > 0) return { text, notes: conflictNotes(written.conflicts) };
          continue;
        }
        this.#original = this.#named(tried.latest);
        text = tried.text;
        if (tried.conflicts.length > 0) return { text, notes: conflictNotes(tried.conflicts) };
      } catch (error) {
        if (isLoginFault(error) || isApiError(error, 403, 404)) {
          await this.#text.giveUp(errorMessage(error), text);
          return undefined;
        }
        return { text, notes: [`It was refused: ${errorMessage(error)}`] };
      }
    }
  }

  #apply(text: string, dryRun: boolean): ReturnType<typeof applyEdit> {
    const { resource, namespace, name } = this.#target;
    const target = { resource, namespace, name, uid: this.#original.metadata.uid };
    return applyEdit(this.#cluster.writes, target, this.#original, text, {
      dryRun,
      latest: () => readObject(this.#cluster, this.#target),
    });
  }

  #named(object: KubeObject): KubeObject {
    const { resource } = this.#target;
    return { ...object, apiVersion: apiVersionOf(resource), kind: resource.kind };
  }

  async #confirm(diff: readonly DiffLine[]): Promise<boolean> {
    const { resource, name } = this.#target;
    const choices = await this.#services.app.confirm({
      title: `Change ${singularName(resource)} ${name}?`,
      lines: diff.map(diffText),
      lineTones: diff.map((line) => DIFF_TONES[line.kind]),
      confirmLabel: "Apply",
      danger: false,
    });
    return choices !== undefined;
  }
}

function conflictNotes(conflicts: readonly string[]): readonly string[] {
  return [
    "Somebody changed the same fields meanwhile. Your values stand in the text, on top of the newest version:",
    ...conflicts.map((path) => `  ${path}`),
  ];
}
