import type { Cluster } from "../../../cluster/cluster.ts";
import type { Operations } from "../../../hotkeys/action.ts";
import { KelpieError } from "../../../lib/errors.ts";
import type { ReleaseBody } from "../../../resources/helm/release-body.ts";
import type { StoredRelease } from "../../../resources/helm/stored-release.ts";
import type { AppServices } from "../../context.ts";
import { approve, pathOf } from "../on-each.ts";
import { oneAtATime } from "./one-at-a-time.ts";
import { hookNotes, planLines } from "./plan-lines.ts";
import { applyChange, inParallel, planUninstall, type PlannedChange, type Progress } from "./release-plan.ts";
import { ReleaseStore } from "./release-store.ts";
import { wordsOf } from "./roll-back-release.ts";

/**
 * Uninstalls a release as helm/pkg/action/uninstall.go does, without its hooks: deletes its objects in helm's order,
 * then its revisions, or keeps those as uninstalled.
 */
export function createUninstallRelease(services: AppServices): Operations["uninstallRelease"] {
  const atWork = new Set<string>();
  return async (release) => {
    const cluster = services.cluster();
    if (cluster === undefined) return;
    await oneAtATime(services, atWork, release, "not uninstalled", async (progress) => {
      const store = new ReleaseStore(cluster, release, () => services.clock.now());
      const [newest, ...others] = await store.revisions();
      if (newest.status.startsWith("pending-")) {
        throw new KelpieError(`it is ${newest.status}: helm is at work on it, or was cut off`);
      }
      const body = await store.read(newest);
      await uninstall(services, cluster, store, { newest, others, body, progress });
    });
  };
}

interface Found {
  readonly newest: StoredRelease;
  readonly others: readonly StoredRelease[];
  readonly body: ReleaseBody;
  readonly progress: (what: string) => Progress;
}

async function uninstall(services: AppServices, cluster: Cluster, store: ReleaseStore, found: Found): Promise<void> {
  const { newest, others, body, progress } = found;
  const { namespace, name } = newest;
  // What was uninstalled with its history kept has no objects any more.
  const manifest = newest.status === "uninstalled" ? "" : body.manifest;
  const changes = await planUninstall(cluster, { namespace, name }, manifest, progress("compared with the cluster"));
  const answer = await services.app.confirm({
    title: `Uninstall release ${name} from ${namespace}?`,
    ...(await planLines(changes, {
      notes: hookNotes(body.hooks, ["pre-delete", "post-delete"]),
      records: [newest, ...others].map((each) => store.line("- history", each, each.revision)),
    })),
    confirmLabel: "Uninstall",
    danger: true,
    typeToConfirm: name,
    choices: [{ id: "history", label: "History", options: ["delete", "keep"] }],
  });
  if (answer === undefined) return;
  const touched = changes.filter(({ action }) => action === "delete");
  const targets = [...touched.map((change) => change.target), store.target(newest)];
  const release = await approve(services, targets, { asked: true, also: (object) => store.holds(object) });
  if (release === undefined) return;
  try {
    const info = { ...body.info, deleted: new Date(services.clock.now()).toISOString() };
    const begun = { ...info, status: "uninstalling", description: "Deletion in progress (or silently failed)" };
    await store.update(newest, body, begun);
    await deleteObjects(cluster, touched, progress("deleted"));
    if (answer["history"] === "keep") {
      await store.update(newest, body, { ...info, status: "uninstalled", description: "Uninstallation complete" });
      await store.supersede(others);
    } else {
      for (const stored of [newest, ...others]) await store.remove(stored);
    }
  } finally {
    release();
  }
  services.app.flash("info", `release ${name} uninstalled: ${touched.length} objects deleted`);
}

/** Kind by kind, in the order of the plan. @throws KelpieError naming each object that stays */
async function deleteObjects(cluster: Cluster, changes: readonly PlannedChange[], progress: Progress): Promise<void> {
  let done = 0;
  const failures: string[] = [];
  for (const kind of new Set(changes.map((change) => change.kind))) {
    await inParallel(
      changes.filter((change) => change.kind === kind),
      async (change) => {
        try {
          await applyChange(cluster, change);
          done += 1;
          progress(done, changes.length);
        } catch (error) {
          failures.push(`${change.kind} ${pathOf(change.target)}: ${wordsOf(change, error)}`);
        }
      },
    );
  }
  if (failures.length === 0) return;
  throw new KelpieError(failures.join("; "), { hint: "Its history stays: uninstall it again when that is mended." });
}
