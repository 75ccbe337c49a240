import { randomBytes } from "node:crypto";
import type { Cluster } from "../../cluster/cluster.ts";
import type { Operations, TargetObject } from "../../hotkeys/action.ts";
import { Task } from "../../lib/task.ts";
import { podContainers } from "../../resources/pod-containers.ts";
import type { AppServices } from "../context.ts";
import { approve, pathOf } from "./on-each.ts";
import { runTaskSession } from "./task-session.ts";
import { untilContainerRuns, untilWatched } from "./until-container-runs.ts";

/** The image of the embedded cluster: it needs no pull. */
const EMBEDDED_IMAGE = "localhost/host";
const OWN_PROCESSES = "none, its own";

type Security = Readonly<Record<string, unknown>>;

/** What a debug container may do, after the profiles of `kubectl debug`. */
const PROFILES: ReadonlyMap<string, Security> = new Map<string, Security>([
  ["general (can trace)", { capabilities: { add: ["SYS_PTRACE"] } }],
  ["baseline", {}],
  [
    "restricted",
    {
      allowPrivilegeEscalation: false,
      capabilities: { drop: ["ALL"] },
      runAsNonRoot: true,
      seccompProfile: { type: "RuntimeDefault" },
    },
  ],
  ["privileged", { privileged: true }],
]);

interface DebugPlan {
  readonly name: string;
  readonly image: string;
  /** The container whose processes it sees. */
  readonly sharesWith: string | undefined;
  readonly security: Security;
}

/** Adds an ephemeral container to a pod, waits until it runs, and hands the terminal over to it. */
export function createDebug(services: AppServices): Operations["debug"] {
  let lastImage: string | undefined;
  return async (target, wanted) => {
    const { app } = services;
    const cluster = services.cluster();
    if (cluster === undefined) return;
    if (cluster.writes.readOnly.get()) {
      app.flash("warning", "read-only: no container may be added");
      return;
    }
    const image = await app.input({
      title: `Debug pod ${target.name}`,
      lines: ["An ephemeral container is added to the pod; it stays there until the pod goes."],
      label: "Image",
      initial: lastImage ?? defaultImage(services, cluster),
      selectInitial: true,
      validate: (text) => (/^\S+$/.test(text.trim()) ? undefined : "an image name without spaces"),
    });
    if (image === undefined) return;
    lastImage = image.trim();
    const plan = await askPlan(services, target, wanted, lastImage);
    if (plan === undefined) return;
    const release = await approve(services, [target], { asked: true });
    if (release === undefined) return;
    const task = new Task(`debug ${target.name}`, (running) => {
      return debug(services, cluster, target, plan, running).finally(release);
    });
    void task.ended.then(() => report(services, task, target, plan));
    app.open({ view: "task", parameters: { task }, title: task.title });
  };
}

function defaultImage({ settings }: AppServices, cluster: Cluster): string {
  const status = cluster.status.get();
  const embedded = status.state === "connected" && status.serverVersion.includes("kelpie");
  return embedded ? EMBEDDED_IMAGE : settings.debug.image;
}

async function askPlan(
  { app, clock }: AppServices,
  target: TargetObject,
  wanted: string | undefined,
  image: string,
): Promise<DebugPlan | undefined> {
  const name = `debugger-${randomBytes(3).toString("hex").slice(0, 5)}`;
  const running = podContainers(target.object, clock.now()).filter(
    (container) => container.running && (container.type === "container" || container.type === "sidecar"),
  );
  const names = running.map((container) => container.name);
  const targets = [...names.filter((each) => each === wanted), ...names.filter((each) => each !== wanted)];
  const answer = await app.confirm({
    title: `Add a debug container to pod ${target.name}?`,
    lines: [pathOf(target), `  container ${name}, with a terminal`, `  image ${image}`],
    confirmLabel: "Add and attach",
    danger: false,
    choices: [
      { id: "target", label: "Processes of", options: [...targets, OWN_PROCESSES] },
      { id: "profile", label: "Rights", options: [...PROFILES.keys()] },
    ],
  });
  if (answer === undefined) return undefined;
  const sharesWith = answer["target"] === OWN_PROCESSES ? undefined : answer["target"];
  return { name, image, sharesWith, security: PROFILES.get(answer["profile"] ?? "") ?? {} };
}

async function debug(
  services: AppServices,
  cluster: Cluster,
  target: TargetObject,
  plan: DebugPlan,
  task: Task,
): Promise<void> {
  const { app, clock } = services;
  const { name, image, sharesWith, security } = plan;
  task.say(`adding container ${name} with image ${image} to ${pathOf(target)}`);
  const container = {
    name,
    image,
    imagePullPolicy: "IfNotPresent",
    stdin: true,
    tty: true,
    terminationMessagePolicy: "File",
    ...(sharesWith === undefined ? {} : { targetContainerName: sharesWith }),
    ...(Object.keys(security).length === 0 ? {} : { securityContext: security }),
  };
  await cluster.writes.patch(
    target,
    "strategic",
    { spec: { ephemeralContainers: [container] } },
    { subresource: "ephemeralcontainers", verb: "debug" },
  );
  await untilContainerRuns(cluster, clock, target, name, task);
  task.sayInstead(`container ${name} runs`, "ok");
  if (!task.watched.get()) app.flash("info", `the debug container of ${target.name} runs: [ goes back to it`);
  await untilWatched(task);
  const { namespace, name: pod } = target;
  const session = await cluster.attach({ namespace, pod, container: name, tty: true, stdin: true });
  const shared = sharesWith === undefined ? "" : `; the files of ${sharesWith} are below /proc/1/root`;
  const end = await runTaskSession(services, session, task, [
    `attached to ${pod}/${name}${shared}`,
    "Enter shows a prompt, exit ends it, Ctrl-] three times leaves it running",
  ]);
  if (end.by === "user") task.say(`left; ${name} goes on, a on the container comes back to it`);
  else task.say(`${name} ended with exit code ${end.code}`, end.code === 0 ? "ok" : "warning");
}

function report({ app }: AppServices, task: Task, target: TargetObject, { name }: DebugPlan): void {
  const { state, lines } = task.state.get();
  const last = lines.at(-1)?.text ?? "";
  if (state === "done") {
    app.flash("info", last);
    // Whoever has seen the shell needs no list of what led to it.
    if (task.watched.get()) app.back();
  } else if (state === "cancelled") {
    app.flash("warning", `no longer waiting for ${name}; what was added to pod ${target.name} stays in it`);
  } else app.flash("error", `pod ${target.name} is not debugged: ${last}`);
}
