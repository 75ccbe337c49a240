import type { Cluster } from "../../../cluster/cluster.ts";
import type { Operations } from "../../../hotkeys/action.ts";
import { errorMessage, KelpieError } from "../../../lib/errors.ts";
import type { ReleaseBody } from "../../../resources/helm/release-body.ts";
import { isPending, type StoredRelease } from "../../../resources/helm/stored-release.ts";
import type { AppServices } from "../../context.ts";
import { approve, pathOf } from "../on-each.ts";
import { oneAtATime } from "./one-at-a-time.ts";
import { hookNotes, planLines } from "./plan-lines.ts";
import { applyChange, planRollBack, type PlannedChange, type Progress } from "./release-plan.ts";
import { ReleaseStore } from "./release-store.ts";

interface Step {
  readonly cluster: Cluster;
  readonly store: ReleaseStore;
  readonly newest: StoredRelease;
  readonly others: readonly StoredRelease[];
  readonly wanted: StoredRelease;
  readonly progress: (what: string) => Progress;
}

/**
 * Rolls a release back to a revision as helm/pkg/action/rollback.go does, without its hooks: a new revision is kept
 * first, the objects are brought to what the old one said, and then the new one is deployed and the last superseded.
 */
export function createRollBackRelease(services: AppServices): Operations["rollBackRelease"] {
  const atWork = new Set<string>();
  return async (release, revision) => {
    const cluster = services.cluster();
    if (cluster === undefined) return;
    await oneAtATime(services, atWork, release, "not rolled back", async (progress) => {
      const store = new ReleaseStore(cluster, release, () => services.clock.now());
      const [newest, ...others] = await store.revisions();
      if (isPending(newest.status)) {
        throw new KelpieError(`it is ${newest.status}: helm is at work on it, or was cut off`);
      }
      const wanted = await chooseRevision(services, newest, others, revision);
      if (wanted !== undefined) await rollBack(services, { cluster, store, newest, others, wanted, progress });
    });
  };
}

async function chooseRevision(
  services: AppServices,
  newest: StoredRelease,
  others: readonly StoredRelease[],
  revision: number | undefined,
): Promise<StoredRelease | undefined> {
  const all = [newest, ...others];
  if (revision !== undefined) {
    const found = all.find((each) => each.revision === revision);
    if (found === undefined) throw new KelpieError(`it has no revision ${revision} any more`);
    return found;
  }
  if (others.length === 0) throw new KelpieError("it has no earlier revision");
  const chosen = await services.app.pick({
    title: `Roll ${newest.name} back to`,
    items: others.map((each) => `revision ${each.revision}`),
    details: others.map((each) => each.status),
  });
  return others.find((each) => `revision ${each.revision}` === chosen);
}

async function rollBack(services: AppServices, step: Step): Promise<void> {
  const { cluster, store, newest, wanted } = step;
  const [current, target] = [await store.read(newest), await store.read(wanted)];
  const { namespace, name } = newest;
  const manifests = { current: current.manifest, target: target.manifest };
  const changes = await planRollBack(
    cluster,
    { namespace, name },
    manifests,
    step.progress("compared with the cluster"),
  );
  const notes = hookNotes(target.hooks, ["pre-rollback", "post-rollback"]);
  const { others } = step;
  const newRevision = store.line("+ history", newest, newest.revision + 1);
  const superseded = [newest, ...others]
    .filter((each) => each === newest || each.status === "deployed")
    .map((each) => store.line("~ superseded", each, each.revision));
  const answer = await services.app.confirm({
    title: `Roll release ${name} back to revision ${wanted.revision}?`,
    ...(await planLines(changes, { notes, records: [newRevision, ...superseded] })),
    confirmLabel: "Roll back",
    danger: true,
  });
  if (answer === undefined) return;
  const touched = changes.filter(({ action }) => action === "create" || action === "change" || action === "delete");
  const release = await approve(services, [store.target(newest), ...touched.map((change) => change.target)], {
    asked: true,
    also: (object) => store.holds(object),
  });
  if (release === undefined) return;
  try {
    await perform(services, step, { current, target, touched });
  } finally {
    release();
  }
}

async function perform(
  services: AppServices,
  step: Step,
  bodies: {
    readonly current: ReleaseBody;
    readonly target: ReleaseBody;
    readonly touched: readonly PlannedChange[];
  },
): Promise<void> {
  const { cluster, store, newest, others, wanted } = step;
  const { current, target, touched } = bodies;
  const revision = newest.revision + 1;
  const info = {
    ...target.info,
    first_deployed: current.info["first_deployed"] ?? "",
    last_deployed: new Date(services.clock.now()).toISOString(),
    deleted: "",
    description: `Rollback to ${wanted.revision}`,
  };
  // First of all: the name of its object is a lock against another rollback at the same time.
  const made = await store.create(wanted, target, revision, { ...info, status: "pending-rollback" });
  const failures = await applyChanges(cluster, touched, step.progress("written"));
  if (failures.length > 0) {
    const description = `Rollback "${newest.name}" failed: ${failures.join(" && ")}`;
    await store.update(newest, current, { ...current.info, status: "superseded" });
    await store.update(made, target, { ...info, status: "failed", description }, revision);
    throw new KelpieError(failures.join("; "), { hint: `Revision ${revision} is kept as failed.` });
  }
  await store.supersede([newest, ...others]);
  await store.update(made, target, { ...info, status: "deployed" }, revision);
  services.app.flash(
    "info",
    `release ${newest.name} rolled back to revision ${wanted.revision}, as revision ${revision}`,
  );
}

/** What the target has comes before what goes; what goes stays where something before it failed. */
async function applyChanges(
  cluster: Cluster,
  changes: readonly PlannedChange[],
  progress: Progress,
): Promise<readonly string[]> {
  const failures: string[] = [];
  for (const [index, change] of changes.entries()) {
    if (change.action === "delete" && failures.length > 0) break;
    try {
      await applyChange(cluster, change);
      progress(index + 1, changes.length);
    } catch (error) {
      failures.push(`${change.kind} ${pathOf(change.target)}: ${wordsOf(change, error)}`);
      // Objects that come later may need the one that could not be created.
      if (change.action === "create") break;
    }
  }
  return failures;
}

/** A server may name the value that it refuses: nothing of a Secret is told. */
export function wordsOf(change: PlannedChange, error: unknown): string {
  return change.kind === "Secret" ? "refused; the server's words may hold a value of it" : errorMessage(error);
}
