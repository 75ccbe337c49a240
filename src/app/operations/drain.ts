import type { Cluster } from "../../cluster/cluster.ts";
import { drainNode, drainVerdict, podsOn, type DrainChoices } from "../../cluster/drain.ts";
import type { Operations, TargetObject } from "../../hotkeys/action.ts";
import type { ConfirmRequest } from "../../lib/dialog-request.ts";
import { errorMessage, KelpieError } from "../../lib/errors.ts";
import type { ApiResource } from "../../lib/kube/gvr.ts";
import { objectPath, type KubeObject } from "../../lib/kube/object.ts";
import { Task } from "../../lib/task.ts";
import type { AppServices } from "../context.ts";
import { GRACE } from "./delete.ts";
import { approve, nameTargets } from "./on-each.ts";

const EMPTY_DIR = ["refuse to drain", "evict, the data is lost"] as const;
const UNMANAGED = ["refuse to drain", "delete for good"] as const;

/** Lists every pod of the nodes with what becomes of it, asks, and drains one node after the other in a view. */
export function createDrain(services: AppServices): Operations["drain"] {
  return async (nodes) => {
    const cluster = services.cluster();
    if (cluster === undefined || nodes.length === 0) return;
    const what = nameTargets(nodes);
    const pods = cluster.catalog.get().resources.find((each) => each.group === "" && each.resource === "pods");
    if (pods === undefined) {
      services.app.flash("error", `${what} not drained: the server has not told that it serves pods`);
      return;
    }
    let found: ReadonlyArray<{ readonly node: TargetObject; readonly pods: readonly KubeObject[] }>;
    try {
      found = await Promise.all(nodes.map(async (node) => ({ node, pods: await podsOn(cluster, pods, node.name) })));
    } catch (error) {
      services.app.flash("error", `${what} not drained: ${errorMessage(error)}`);
      return;
    }
    const answer = await services.app.confirm(question(what, found));
    if (answer === undefined) return;
    const release = await approve(services, nodes, { asked: true, also: ({ resource }) => resource === pods });
    if (release === undefined) return;
    const gracePeriodSeconds = GRACE.get(answer["grace"] ?? "");
    const task = drainTask(services, cluster, nodes, pods, {
      deleteEmptyDir: answer["emptyDir"] === EMPTY_DIR[1],
      force: answer["unmanaged"] === UNMANAGED[1],
      ...(gracePeriodSeconds === undefined ? {} : { gracePeriodSeconds }),
    });
    void task.ended.then(release);
    services.app.open({ view: "task", parameters: { task }, title: task.title });
  };
}

function question(
  what: string,
  found: ReadonlyArray<{ readonly node: TargetObject; readonly pods: readonly KubeObject[] }>,
): ConfirmRequest {
  const all = found.flatMap(({ pods }) => pods);
  const has = (wanted: string): boolean => all.some((pod) => drainVerdict(pod).verdict === wanted);
  return {
    title: `Drain ${what}?`,
    lines: found.flatMap(({ node, pods }) => [
      `${node.name}: cordoned, ${pods.length} ${pods.length === 1 ? "pod" : "pods"}`,
      ...pods.map((pod) => `  ${objectPath(pod)}: ${fate(pod)}`),
    ]),
    confirmLabel: "Drain",
    danger: true,
    choices: [
      ...(has("emptyDir") ? [{ id: "emptyDir", label: "emptyDir data", options: EMPTY_DIR }] : []),
      ...(has("unmanaged") ? [{ id: "unmanaged", label: "Unmanaged pods", options: UNMANAGED }] : []),
      { id: "grace", label: "Grace period", options: [...GRACE.keys()] },
    ],
  };
}

function fate(pod: KubeObject): string {
  const verdict = drainVerdict(pod);
  switch (verdict.verdict) {
    case "evict":
      return "evicted";
    case "wait":
      return "ending already";
    case "skip":
      return `stays, ${verdict.why}`;
    default:
      return verdict.why;
  }
}

function drainTask(
  { app, clock }: AppServices,
  cluster: Cluster,
  nodes: readonly TargetObject[],
  pods: ApiResource,
  choices: DrainChoices,
): Task {
  const what = nameTargets(nodes);
  const task = new Task(`drain ${what}`, async (running) => {
    const failed: string[] = [];
    for (const node of nodes) {
      try {
        await drainNode(cluster, clock, node, pods, choices, running);
      } catch (error) {
        running.signal.throwIfAborted();
        running.say(errorMessage(error), "error");
        if (error instanceof KelpieError && error.hint !== undefined) running.say(error.hint);
        failed.push(node.name);
      }
    }
    if (failed.length > 0) throw new KelpieError(`not drained: ${failed.join(", ")}`);
  });
  void task.ended.then(() => {
    const { state } = task.state.get();
    if (state === "done") app.flash("info", `${what} drained`);
    else if (state === "cancelled") app.flash("warning", `the drain of ${what} was cancelled; it stays cordoned`);
    else app.flash("error", `${what} not drained: its view says why`);
  });
  return task;
}
