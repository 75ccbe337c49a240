import { randomBytes } from "node:crypto";
import type { Cluster } from "../../cluster/cluster.ts";
import type { Operations, TargetObject } from "../../hotkeys/action.ts";
import { errorMessage, KelpieError } from "../../lib/errors.ts";
import type { ApiResource } from "../../lib/kube/gvr.ts";
import type { KubeObject } from "../../lib/kube/object.ts";
import { Task } from "../../lib/task.ts";
import { isApiError } from "../../cluster/api-error.ts";
import type { AppServices } from "../context.ts";
import { approve } from "./on-each.ts";
import { runTaskSession } from "./task-session.ts";
import { untilContainerRuns, untilWatched } from "./until-container-runs.ts";

/** The pod ends by itself after this, should nobody be there to delete it. */
const DEADLINE_SECONDS = 8 * 3600;
const CONTAINER = "shell";
/** The first line of input starts it: a prompt from before the terminal is there would be lost. */
const ENTER_NODE =
  "read -r _; exec nsenter -t 1 -m -u -i -n -p -- sh -c 'command -v bash >/dev/null && exec bash -l || exec sh -l'";

/** A root shell on a node: a privileged pod in all its namespaces, deleted when the shell ends, however it ends. */
export function createNodeShell(services: AppServices): Operations["nodeShell"] {
  return async (node) => {
    const { app, settings } = services;
    const cluster = services.cluster();
    if (cluster === undefined) return;
    if (cluster.writes.readOnly.get()) {
      app.flash("warning", "read-only: a shell on a node could change anything, so none is opened");
      return;
    }
    const pods = cluster.catalog.get().resources.find((each) => each.group === "" && each.resource === "pods");
    if (pods === undefined) {
      app.flash("error", "no shell: the server has not told that it serves pods");
      return;
    }
    const { image, namespace } = settings.nodeShell;
    const name = `kelpie-node-shell-${randomBytes(4).toString("hex")}`;
    const answer = await app.confirm({
      title: `Open a root shell on node ${node.name}?`,
      lines: [
        `pod ${namespace}/${name} on ${node.name}`,
        `  image ${image}`,
        "  privileged, with hostPID, hostNetwork and hostIPC",
        "  tolerates every taint",
        `  deleted when the shell ends; ends by itself after ${DEADLINE_SECONDS / 3600} hours`,
      ],
      confirmLabel: "Open",
      danger: true,
    });
    if (answer === undefined) return;
    const release = await approve(services, [node], {
      asked: true,
      also: (target) => target.resource === pods && target.namespace === namespace && target.name === name,
    });
    if (release === undefined) return;
    const pod = { resource: pods, namespace, name };
    const task = new Task(`shell on ${node.name}`, (running) => {
      return withPod(services, cluster, pod, shellPod(name, node.name, image), running).finally(release);
    });
    services.closing.waitsFor(task.ended);
    void task.ended.then(() => report(services, task, node));
    app.open({ view: "task", parameters: { task }, title: task.title });
  };
}

interface ShellPod {
  readonly resource: ApiResource;
  readonly namespace: string;
  readonly name: string;
}

function shellPod(name: string, node: string, image: string): KubeObject {
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      name,
      labels: { "app.kubernetes.io/name": "kelpie-node-shell", "app.kubernetes.io/managed-by": "kelpie" },
    },
    spec: {
      nodeName: node,
      hostPID: true,
      hostNetwork: true,
      hostIPC: true,
      restartPolicy: "Never",
      activeDeadlineSeconds: DEADLINE_SECONDS,
      terminationGracePeriodSeconds: 1,
      automountServiceAccountToken: false,
      tolerations: [{ operator: "Exists" }],
      containers: [
        {
          name: CONTAINER,
          image,
          imagePullPolicy: "IfNotPresent",
          command: ["sh", "-c", ENTER_NODE],
          stdin: true,
          // The shell ends with the connection, should the program be killed.
          stdinOnce: true,
          tty: true,
          securityContext: { privileged: true },
        },
      ],
    },
  };
}

async function withPod(
  services: AppServices,
  cluster: Cluster,
  pod: ShellPod,
  manifest: KubeObject,
  task: Task,
): Promise<void> {
  task.say(`creating pod ${pod.namespace}/${pod.name}`);
  let created: KubeObject;
  try {
    created = await cluster.writes.create(pod.resource, pod.namespace, manifest);
  } catch (error) {
    // A request that nobody answered may have been heard all the same: what it made goes too.
    if (!isApiError(error)) await removePod(cluster, pod, undefined, task);
    throw error;
  }
  const { uid } = created.metadata;
  try {
    await openShell(services, cluster, { ...pod, uid, object: created }, task);
  } catch (error) {
    await removePod(cluster, pod, uid, task);
    throw error;
  }
  await removePod(cluster, pod, uid, task);
}

async function openShell(services: AppServices, cluster: Cluster, pod: TargetObject, task: Task): Promise<void> {
  const { app, clock } = services;
  await untilContainerRuns(cluster, clock, pod, CONTAINER, task);
  task.sayInstead("the pod runs", "ok");
  if (!task.watched.get()) app.flash("info", `the ${task.title} is ready: [ goes back to it`);
  await untilWatched(task);
  const { namespace, name } = pod;
  const session = await cluster.attach({ namespace, pod: name, container: CONTAINER, tty: true, stdin: true });
  session.stream.write("\n");
  const greeting = `${task.title}; exit returns, Ctrl-] three times breaks off`;
  const end = await runTaskSession(services, session, task, [greeting]);
  if (end.by === "user") task.say("broken off", "warning");
  else task.say(`the shell ended with exit code ${end.code}`, end.code === 0 ? "ok" : "warning");
}

/** @throws KelpieError that names the pod that stays: it counts more than why the shell failed */
async function removePod(cluster: Cluster, pod: ShellPod, uid: string | undefined, task: Task): Promise<void> {
  const path = `${pod.namespace}/${pod.name}`;
  try {
    await cluster.writes.delete({ ...pod, uid });
    task.say(`pod ${path} deleted`, "ok");
  } catch (error) {
    if (isApiError(error, 404)) return;
    const left = new KelpieError(`the privileged pod ${path} was not deleted: ${errorMessage(error)}`, {
      hint: "Delete it.",
      cause: error,
    });
    if (!task.signal.aborted) throw left;
    // Of cancelled work the error is not shown.
    task.say(left.message, "error");
  }
}

function report({ app }: AppServices, task: Task, node: TargetObject): void {
  const { state, lines } = task.state.get();
  if (state === "done") {
    app.flash("info", lines.findLast(({ text }) => text.startsWith("the shell ended"))?.text ?? `${task.title} ended`);
    if (task.watched.get()) app.back();
  } else if (state === "cancelled") app.flash("warning", `${task.title} was cancelled: ${lines.at(-1)?.text ?? ""}`);
  else app.flash("error", `no shell on ${node.name}: ${lines.at(-1)?.text ?? ""}`);
}
