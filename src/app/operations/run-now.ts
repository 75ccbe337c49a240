import type { Operations, TargetObject } from "../../hotkeys/action.ts";
import { KelpieError } from "../../lib/errors.ts";
import type { ApiResource } from "../../lib/kube/gvr.ts";
import { asRecord, at, type KubeObject } from "../../lib/kube/object.ts";
import type { AppServices } from "../context.ts";
import { nameTargets, onEach, pathOf } from "./on-each.ts";

/** Labels by which a job finds its pods: another job must get its own. */
const OWN_LABELS: ReadonlySet<string> = new Set([
  "controller-uid",
  "job-name",
  "batch.kubernetes.io/controller-uid",
  "batch.kubernetes.io/job-name",
]);
/** What the server adds to `generateName` is 5 characters long; the name of a job goes into labels of 63. */
const MOST_NAME = 63 - 5;

/** Starts a job of each CronJob now, or runs each finished Job once more as a new one. */
export function createRunNow(services: AppServices): Operations["runNow"] {
  return async (targets) => {
    const cluster = services.cluster();
    const [first] = targets;
    if (cluster === undefined || first === undefined) return;
    const jobs = cluster.catalog.get().resources.find((each) => each.group === "batch" && each.resource === "jobs");
    if (jobs === undefined) {
      services.app.flash("error", `${nameTargets(targets)} not started: the server has not told that it serves jobs`);
      return;
    }
    const answer = await services.app.confirm({
      title: `Start a new job of ${nameTargets(targets)} now?`,
      lines: targets.map(pathOf),
      confirmLabel: "Start",
      danger: false,
    });
    if (answer === undefined) return;
    const started: string[] = [];
    const start = async (target: TargetObject): Promise<void> => {
      const job = await cluster.writes.create(jobs, target.namespace, newJob(target, jobs));
      started.push(job.metadata.name ?? "");
    };
    const places = new Set(targets.map((target) => target.namespace));
    await onEach(services, targets, "started", start, {
      also: ({ resource, namespace, uid }) => resource === jobs && uid === undefined && places.has(namespace),
    });
    if (targets.length === 1 && started.length === 1) services.app.flash("info", `job ${started[0]} started`);
  };
}

function newJob(target: TargetObject, jobs: ApiResource): KubeObject {
  const head = { apiVersion: `${jobs.group}/${jobs.version}`, kind: jobs.kind };
  return target.resource.resource === "cronjobs"
    ? { ...head, ...jobOfCronJob(target) }
    : { ...head, ...jobAgain(target) };
}

/** As `kubectl create job --from=cronjob/...` does. */
function jobOfCronJob({ object, name, uid, resource }: TargetObject): KubeObject {
  const template = asRecord(at(object, "spec", "jobTemplate"));
  if (uid === undefined) throw new KelpieError(`the server gave cronjob ${name} no uid to own a job by`);
  return {
    metadata: {
      generateName: beginning(name, "-manual-"),
      labels: texts(at(template, "metadata", "labels")),
      annotations: { ...texts(at(template, "metadata", "annotations")), "cronjob.kubernetes.io/instantiate": "manual" },
      ownerReferences: [
        { apiVersion: `${resource.group}/${resource.version}`, kind: resource.kind, name, uid, controller: true },
      ],
    },
    spec: template["spec"],
  };
}

function jobAgain({ object, name }: TargetObject): KubeObject {
  const { selector: _selector, manualSelector: _manual, suspend: _suspend, ...spec } = asRecord(object["spec"]);
  const template = asRecord(spec["template"]);
  const metadata = asRecord(template["metadata"]);
  return {
    metadata: { generateName: beginning(name, "-again-"), labels: withoutOwn(object.metadata.labels) },
    spec: { ...spec, template: { ...template, metadata: { ...metadata, labels: withoutOwn(metadata["labels"]) } } },
  };
}

function beginning(name: string, end: string): string {
  return name.slice(0, MOST_NAME - end.length) + end;
}

function texts(value: unknown): Readonly<Record<string, string>> {
  const pairs = Object.entries(asRecord(value)).filter((pair): pair is [string, string] => typeof pair[1] === "string");
  return Object.fromEntries(pairs);
}

function withoutOwn(labels: unknown): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(texts(labels)).filter(([key]) => !OWN_LABELS.has(key)));
}
