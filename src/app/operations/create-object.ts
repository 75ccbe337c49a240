import { isApiError } from "../../cluster/api-error.ts";
import type { Cluster } from "../../cluster/cluster.ts";
import { isLoginFault } from "../../cluster/credential.ts";
import { duplicateYaml } from "../../cluster/duplicate.ts";
import type { Operations } from "../../hotkeys/action.ts";
import { errorMessage, KelpieError } from "../../lib/errors.ts";
import { apiVersionOf, gvrKey, singularName, type ApiResource } from "../../lib/kube/gvr.ts";
import { asString, isRecord, type KubeObject } from "../../lib/kube/object.ts";
import { parseYamlDocuments, toYaml } from "../../lib/yaml.ts";
import { newObjectYaml } from "../../resources/new-object.ts";
import type { AppServices } from "../context.ts";
import { maskedManifest } from "./edit-text.ts";
import { EditedText } from "./edited-text.ts";
import { approve } from "./on-each.ts";
import { hintOf } from "./shell.ts";

/** One document of the text, with where it goes. */
interface NewObject {
  readonly resource: ApiResource;
  /** `""` for a cluster-wide one. */
  readonly namespace: string;
  readonly manifest: KubeObject;
  /** `configmap default/conf`. */
  readonly what: string;
}

/** Opens the editor on a skeleton of the kind, and creates what comes back. */
export function createNewObject(services: AppServices): Operations["createObject"] {
  return async (kind) => {
    const cluster = writable(services);
    if (cluster === undefined) return;
    const { resources } = cluster.catalog.get();
    const resource =
      resources.find((each) => gvrKey(each) === gvrKey(kind.gvr)) ??
      resources.find((each) => each.group === kind.gvr.group && each.resource === kind.gvr.resource);
    if (resource === undefined || !resource.verbs.includes("create")) {
      services.app.flash("warning", `the server offers no create of ${kind.gvr.resource}`);
      return;
    }
    const text = newObjectYaml(resource, kind, namespaceOf(services, cluster));
    await create(services, cluster, { name: `new-${singularName(resource)}`, text, asItIs: false });
  };
}

/** Opens the editor on a copy of an object under another name, and creates what comes back. */
export function createDuplicate(services: AppServices): Operations["duplicate"] {
  return async (target) => {
    const cluster = writable(services);
    if (cluster === undefined) return;
    const { resource, namespace, name } = target;
    try {
      const object = await cluster.get({ resource, namespace, name });
      const whole = { ...object, apiVersion: apiVersionOf(resource), kind: resource.kind };
      await create(services, cluster, { name: `${name}-copy`, text: duplicateYaml(whole), asItIs: true });
    } catch (error) {
      services.app.flash("error", `${name} was not duplicated: ${errorMessage(error)}${hintOf(error)}`);
    }
  };
}

function writable(services: AppServices): Cluster | undefined {
  const open = services.cluster();
  if (open?.writes.readOnly.get() !== true) return open;
  services.app.flash("warning", "read-only: nothing can be created");
  return undefined;
}

/** The namespace in use, or where that is all of them the context's. */
export function namespaceOf(services: AppServices, cluster: Cluster): string {
  const namespace = services.namespace();
  return namespace === "" || namespace.includes(",") ? cluster.context.namespace : namespace;
}

/** @param draft `asItIs`: the text makes sense without a change */
async function create(
  services: AppServices,
  cluster: Cluster,
  draft: { readonly name: string; readonly text: string; readonly asItIs: boolean },
): Promise<void> {
  const text = await EditedText.create(services, draft.name, draft.name, draft.text);
  try {
    await new CreateSession(services, cluster, text).run(draft);
  } catch (error) {
    services.app.flash("error", `nothing was created: ${errorMessage(error)}${hintOf(error)}`);
  } finally {
    await text.dispose();
  }
}

class CreateSession {
  readonly #services: AppServices;
  readonly #cluster: Cluster;
  readonly #text: EditedText;

  constructor(services: AppServices, cluster: Cluster, text: EditedText) {
    this.#services = services;
    this.#cluster = cluster;
    this.#text = text;
  }

  async run(draft: { readonly text: string; readonly asItIs: boolean }): Promise<void> {
    const marks = "Lines that begin with #| are taken away.";
    let { text } = draft;
    let notes: readonly string[] = draft.asItIs
      ? [
          `${marks} An empty text creates nothing.`,
          "Labels and selectors are those of the first: change them where the two must be told apart.",
        ]
      : [`${marks} An unchanged text creates nothing.`];
    for (let round = 1; ; round += 1) {
      const edited = await this.#text.open(text, notes);
      if (edited === undefined) return;
      if (edited.trim() === "" || (edited === text && (round > 1 || !draft.asItIs))) {
        await this.#text.giveUp("nothing was created");
        return;
      }
      const faults = await this.#submit(edited);
      if (faults === undefined) return;
      text = edited;
      notes = [...faults, "", "Save it unchanged to give up."];
    }
  }

  /** @returns what is wrong with the text; `undefined` when it is over */
  async #submit(text: string): Promise<readonly string[] | undefined> {
    let objects: readonly NewObject[];
    try {
      objects = this.#read(text);
    } catch (error) {
      return [`It was refused: ${errorMessage(error)}${hintOf(error)}`];
    }
    const made: KubeObject[] = [];
    const faults: string[] = [];
    // Of several only the first can be tried where a later one stands in a namespace of the same text.
    const namespaces = new Set(
      objects.map(({ manifest }) => (manifest.kind === "Namespace" ? manifest.metadata.name : "")),
    );
    for (const object of objects) {
      try {
        if (namespaces.has(object.namespace) && object.namespace !== "") made.push(object.manifest);
        else made.push(await this.#create(object, true));
      } catch (error) {
        if (isLoginFault(error) || isApiError(error, 403)) {
          await this.#text.giveUp(errorMessage(error), text);
          return undefined;
        }
        faults.push(`${object.what} was refused: ${errorMessage(error)}`);
      }
    }
    if (faults.length > 0) return faults;
    if (!(await this.#confirm(objects, made))) {
      await this.#text.giveUp("nothing was created", text);
      return undefined;
    }
    await this.#createAll(objects, text);
    return undefined;
  }

  #read(text: string): readonly NewObject[] {
    const documents = parseYamlDocuments(text, "the text");
    if (documents.length === 0) throw new KelpieError("the text holds no object");
    return documents.map((document, index) => {
      const where = documents.length === 1 ? "the text" : `document ${index + 1}`;
      if (!isRecord(document) || !isRecord(document["metadata"])) {
        throw new KelpieError(`${where} is not an object: it has no metadata`);
      }
      const apiVersion = asString(document["apiVersion"]);
      const kind = asString(document["kind"]);
      if (apiVersion === "" || kind === "") throw new KelpieError(`${where} has no apiVersion or no kind`);
      const resource = this.#cluster.catalog
        .get()
        .resources.find((each) => each.kind === kind && apiVersionOf(each) === apiVersion);
      if (resource === undefined) throw new KelpieError(`${where}: the server knows no ${kind} of ${apiVersion}`);
      const { metadata } = document;
      const name = asString(metadata["name"]) || `${asString(metadata["generateName"])}…`;
      const given = asString(metadata["namespace"]) || namespaceOf(this.#services, this.#cluster);
      const namespace = resource.namespaced ? given : "";
      const manifest: KubeObject = { ...document, apiVersion, kind, metadata };
      const path = namespace === "" ? name : `${namespace}/${name}`;
      return { resource, namespace, manifest, what: `${singularName(resource)} ${path}` };
    });
  }

  #create({ resource, namespace, manifest }: NewObject, dryRun: boolean): Promise<KubeObject> {
    return this.#cluster.writes.create(resource, namespace, manifest, { dryRun });
  }

  /** Shows what the server would make of it. */
  async #confirm(objects: readonly NewObject[], made: readonly KubeObject[]): Promise<boolean> {
    const [first] = objects;
    const lines: string[] = [];
    for (const [index, object] of objects.entries()) {
      if (objects.length > 1) lines.push(object.what);
      const text = toYaml(maskedManifest(made[index] ?? object.manifest));
      lines.push(
        ...text
          .trimEnd()
          .split("\n")
          .map((line) => `+ ${line}`),
      );
    }
    const answer = await this.#services.app.confirm({
      title:
        objects.length === 1 && first !== undefined ? `Create ${first.what}?` : `Create ${objects.length} objects?`,
      lines,
      lineTones: lines.map((line) => (line.startsWith("+ ") ? "added" : undefined)),
      confirmLabel: "Create",
      danger: false,
    });
    return answer !== undefined;
  }

  /** One after the other, with a result of each. */
  async #createAll(objects: readonly NewObject[], text: string): Promise<void> {
    const { app } = this.#services;
    const targets = objects.map(({ resource, namespace, manifest }) => ({
      resource,
      namespace,
      name: manifest.metadata.name ?? manifest.metadata.generateName ?? "",
      uid: undefined,
      object: manifest,
    }));
    const release = await approve(this.#services, targets, { asked: true });
    if (release === undefined) {
      await this.#text.giveUp("nothing was created", text);
      return;
    }
    const results: Array<{ readonly line: string; readonly failed: boolean }> = [];
    for (const object of objects) {
      try {
        const { metadata } = await this.#create(object, false);
        const name = object.namespace === "" ? metadata.name : `${object.namespace}/${metadata.name}`;
        results.push({ line: `${singularName(object.resource)} ${name} created`, failed: false });
      } catch (error) {
        results.push({ line: `${object.what} was not created: ${errorMessage(error)}`, failed: true });
      }
    }
    release();
    const failed = results.filter((result) => result.failed);
    const [only] = results;
    if (failed.length > 0) {
      const summary =
        results.length === 1 && only !== undefined ? only.line : `${failed.length} of ${results.length} not created`;
      await this.#text.giveUp(summary, text);
    } else app.flash("info", results.length === 1 ? (only?.line ?? "") : `${results.length} objects created`);
    if (results.length === 1) return;
    await app.confirm({
      title:
        failed.length === 0 ? `${results.length} objects created` : `${failed.length} of ${results.length} not created`,
      lines: results.map(({ line }) => line),
      lineTones: results.map((result) => (result.failed ? "error" : "ok")),
      confirmLabel: "Close",
      danger: false,
    });
  }
}
