import { readdir, readFile, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import type { Cluster } from "../../cluster/cluster.ts";
import { cleanForEdit } from "../../cluster/edit.ts";
import type { Operations } from "../../hotkeys/action.ts";
import { errorMessage, KelpieError } from "../../lib/errors.ts";
import { isRecord, type KubeObject } from "../../lib/kube/object.ts";
import { diffLines, type DiffLine } from "../../lib/line-diff.ts";
import { parseYaml } from "../../lib/yaml.ts";
import { manifestObjects, type ManifestObject } from "../../resources/helm/manifest.ts";
import { maskedPair } from "../../views/helm/release-difference.ts";
import type { AppServices } from "../context.ts";
import { namespaceOf } from "./create-object.ts";
import { planLines } from "./helm/plan-lines.ts";
import { applyChange, inParallel, planObject, planUninstall, type PlannedChange } from "./helm/release-plan.ts";
import { wordsOf } from "./helm/roll-back-release.ts";
import { approve, pathOf } from "./on-each.ts";
import { hintOf } from "./shell.ts";

const LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration";
const MANIFEST = /\.(ya?ml|json)$/i;
const KUSTOMIZATION = /^kustomization\.ya?ml$|^Kustomization$/;
/** What is larger was hardly written to be applied. */
const MOST_BYTES = 16 * 2 ** 20;

/** Applies a file, or every manifest of a folder, as `kubectl apply -f` does, after showing what that changes. */
export function createApplyManifests(services: AppServices): Operations["applyManifests"] {
  return (path) =>
    withManifests(services, path, "applied", async (cluster, files) => {
      const changes = await planApply(services, cluster, files);
      await perform(services, cluster, changes, { verb: "apply", done: "applied", title: `Apply ${basename(path)}?` });
    });
}

/** Deletes the objects that a file, or every manifest of a folder, names, after listing them. */
export function createDeleteManifests(services: AppServices): Operations["deleteManifests"] {
  return (path) =>
    withManifests(services, path, "deleted", async (cluster, files) => {
      const place = { namespace: namespaceOf(services, cluster), name: "" };
      const all = files.map(({ text }) => text).join("\n---\n");
      const changes = await planUninstall(cluster, place, all, silently);
      const title = `Delete the objects of ${basename(path)}?`;
      await perform(services, cluster, changes, { verb: "delete", done: "deleted", title });
    });
}

/** Shows what applying would change. */
export function createCompareManifests(services: AppServices): Operations["compareManifests"] {
  return (path) =>
    withManifests(services, path, "compared", async (cluster, files) => {
      const changes = await planApply(services, cluster, files);
      const lines = changes.flatMap((change) => changeLines(change));
      const parameters = { where: basename(path), what: "what applying changes", lines };
      services.app.open({ view: "difference", parameters, title: `difference ${basename(path)}` });
    });
}

/** Manifests that people write are planned at once. */
const silently = (): void => {};

interface ManifestFile {
  readonly path: string;
  readonly text: string;
}

async function withManifests(
  services: AppServices,
  path: string,
  done: string,
  act: (cluster: Cluster, files: readonly ManifestFile[]) => Promise<void>,
): Promise<void> {
  const cluster = services.cluster();
  if (cluster === undefined) return;
  try {
    await act(cluster, await readManifests(path));
  } catch (error) {
    services.app.flash("error", `${basename(path)} was not ${done}: ${errorMessage(error)}${hintOf(error)}`);
  }
}

/** @throws KelpieError where there is nothing to read */
async function readManifests(path: string): Promise<readonly ManifestFile[]> {
  const found = await stat(path);
  const names = found.isDirectory() ? await readdir(path) : undefined;
  if (names?.some((name) => KUSTOMIZATION.test(name)) === true || KUSTOMIZATION.test(basename(path))) {
    throw new KelpieError("it is a kustomization, and kelpie builds none", {
      hint: "`kubectl kustomize` writes it as one manifest, which can be applied.",
    });
  }
  const paths =
    names === undefined ? [path] : names.filter((name) => MANIFEST.test(name)).map((name) => join(path, name));
  if (paths.length === 0) throw new KelpieError("there is no .yaml, .yml or .json file in it");
  return Promise.all(
    paths.toSorted().map(async (file) => {
      const { size } = await stat(file);
      if (size > MOST_BYTES) throw new KelpieError(`${basename(file)} is too large for a manifest: ${size} bytes`);
      return { path: file, text: await readFile(file, "utf8") };
    }),
  );
}

async function planApply(
  services: AppServices,
  cluster: Cluster,
  files: readonly ManifestFile[],
): Promise<readonly PlannedChange[]> {
  const objects: ManifestObject[] = [];
  for (const { path, text } of files) {
    try {
      objects.push(...(await manifestObjects(text, () => Promise.resolve())));
    } catch (error) {
      throw new KelpieError(`${basename(path)}: ${errorMessage(error)}`, { cause: error });
    }
  }
  const place = { namespace: namespaceOf(services, cluster), name: "" };
  return inParallel(
    objects,
    (each) => planObject(cluster, place, withLastApplied(each), (live) => lastApplied(live, each)),
    silently,
  );
}

/** kubectl finds out by this note what to take away when the manifest no longer has it. */
function withLastApplied(each: ManifestObject): ManifestObject {
  const { [LAST_APPLIED]: _before, ...annotations } = each.object.metadata.annotations ?? {};
  const plain = { ...each.object, metadata: { ...each.object.metadata, annotations } };
  const noted = { ...annotations, [LAST_APPLIED]: `${JSON.stringify(plain)}\n` };
  return { ...each, object: { ...plain, metadata: { ...plain.metadata, annotations: noted } } };
}

/** What was applied last, as the live object notes it. */
function lastApplied(live: KubeObject, each: ManifestObject): ManifestObject | undefined {
  const note = live.metadata.annotations?.[LAST_APPLIED];
  if (note === undefined) return undefined;
  try {
    const value = parseYaml(note);
    return isRecord(value)
      ? { ...each, object: { ...value, metadata: isRecord(value["metadata"]) ? value["metadata"] : {} } }
      : undefined;
  } catch {
    // A note that cannot be read says nothing of what was applied.
    return undefined;
  }
}

async function perform(
  services: AppServices,
  cluster: Cluster,
  changes: readonly PlannedChange[],
  words: { readonly verb: string; readonly done: string; readonly title: string },
): Promise<void> {
  const touched = changes.filter(({ action }) => action === "create" || action === "change" || action === "delete");
  if (touched.length === 0) {
    services.app.flash("info", `nothing to ${words.verb}: ${count(changes)} looked at, nothing differs`);
    return;
  }
  const answer = await services.app.confirm({
    title: words.title,
    ...(await planLines(changes)),
    confirmLabel: words.verb === "delete" ? "Delete" : "Apply",
    danger: true,
  });
  if (answer === undefined) return;
  const targets = touched.map(({ target }) => target);
  const release = await approve(services, targets, { asked: true });
  if (release === undefined) return;
  const failures: string[] = [];
  try {
    // In the order of the file: what comes first may be what the others need.
    for (const change of touched) {
      try {
        await applyChange(cluster, change, words.verb);
      } catch (error) {
        failures.push(`${change.kind} ${pathOf(change.target)}: ${wordsOf(change, error)}`);
      }
    }
  } finally {
    release();
  }
  const [first] = failures;
  if (first === undefined) {
    services.app.flash("info", `${count(touched)} ${words.done}`);
    return;
  }
  services.app.flash("error", `${failures.length} of ${touched.length} not ${words.done}: ${first}`);
  if (failures.length === 1) return;
  const title = `${failures.length} of ${touched.length} not ${words.done}`;
  await services.app.confirm({ title, lines: failures, confirmLabel: "Close", danger: false });
}

function count(changes: readonly PlannedChange[]): string {
  return changes.length === 1 ? "1 object" : `${changes.length} objects`;
}

function changeLines(change: PlannedChange): readonly DiffLine[] {
  const { action, kind, target, after, refusal } = change;
  const words = { create: "is new", change: "changes", same: "is as it should be" } as const;
  const word = action === "create" || action === "change" || action === "same" ? words[action] : action;
  const heading: DiffLine = { kind: "heading", text: `${kind} ${pathOf(target)} ${word}` };
  const refused: readonly DiffLine[] =
    refusal === undefined ? [] : [{ kind: "removed", text: `not tried out on the server: ${refusal}` }];
  if (after === undefined || action === "same") return [heading];
  const [left, right] = maskedPair(action === "create" ? {} : cleanForEdit(target.object), cleanForEdit(after));
  return [heading, ...refused, ...diffLines(action === "create" ? "" : left, right)];
}
