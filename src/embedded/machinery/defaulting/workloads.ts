import { ensureStruct, setDefault, structOf, structsOf, type Fields } from "./fields.ts";
import { defaultPodSpec } from "./pod-spec.ts";

const HISTORY_LIMIT = 10;

function defaultTemplate(spec: Fields): void {
  defaultPodSpec(ensureStruct(ensureStruct(spec, "template"), "spec"));
}

/** pkg/apis/apps/v1/defaults.go */
export function defaultDeployment(deployment: Fields): void {
  const spec = ensureStruct(deployment, "spec");
  defaultTemplate(spec);
  setDefault(spec, "replicas", 1);
  const strategy = ensureStruct(spec, "strategy");
  setDefault(strategy, "type", "RollingUpdate");
  if (strategy["type"] === "RollingUpdate") {
    const rollingUpdate = ensureStruct(strategy, "rollingUpdate");
    setDefault(rollingUpdate, "maxUnavailable", "25%");
    setDefault(rollingUpdate, "maxSurge", "25%");
  }
  setDefault(spec, "revisionHistoryLimit", HISTORY_LIMIT);
  setDefault(spec, "progressDeadlineSeconds", 600);
}

export function defaultReplicaSet(replicaSet: Fields): void {
  const spec = ensureStruct(replicaSet, "spec");
  defaultTemplate(spec);
  setDefault(spec, "replicas", 1);
}

/** `SetDefaults_ReplicationController`: the template's labels serve as selector and labels. */
export function defaultReplicationController(controller: Fields): void {
  const spec = ensureStruct(controller, "spec");
  defaultTemplate(spec);
  setDefault(spec, "replicas", 1);
  const labels = structOf(structOf(structOf(spec, "template"), "metadata"), "labels");
  if (labels === undefined) return;
  const isEmpty = (fields: Fields | undefined): boolean => fields === undefined || Object.keys(fields).length === 0;
  if (isEmpty(structOf(spec, "selector"))) spec["selector"] = { ...labels };
  const metadata = ensureStruct(controller, "metadata");
  if (isEmpty(structOf(metadata, "labels"))) metadata["labels"] = { ...labels };
}

export function defaultDaemonSet(daemonSet: Fields): void {
  const spec = ensureStruct(daemonSet, "spec");
  defaultTemplate(spec);
  const strategy = ensureStruct(spec, "updateStrategy");
  setDefault(strategy, "type", "RollingUpdate");
  if (strategy["type"] === "RollingUpdate") {
    const rollingUpdate = ensureStruct(strategy, "rollingUpdate");
    setDefault(rollingUpdate, "maxUnavailable", 1);
    setDefault(rollingUpdate, "maxSurge", 0);
  }
  setDefault(spec, "revisionHistoryLimit", HISTORY_LIMIT);
}

export function defaultStatefulSet(statefulSet: Fields): void {
  const spec = ensureStruct(statefulSet, "spec");
  defaultTemplate(spec);
  setDefault(spec, "podManagementPolicy", "OrderedReady");
  const strategy = ensureStruct(spec, "updateStrategy");
  if (strategy["type"] === undefined || strategy["type"] === "") {
    strategy["type"] = "RollingUpdate";
    ensureStruct(strategy, "rollingUpdate");
  }
  const rollingUpdate = structOf(strategy, "rollingUpdate");
  if (strategy["type"] === "RollingUpdate" && rollingUpdate !== undefined) setDefault(rollingUpdate, "partition", 0);
  const retention = ensureStruct(spec, "persistentVolumeClaimRetentionPolicy");
  setDefault(retention, "whenDeleted", "Retain");
  setDefault(retention, "whenScaled", "Retain");
  setDefault(spec, "replicas", 1);
  setDefault(spec, "revisionHistoryLimit", HISTORY_LIMIT);
  for (const claim of structsOf(spec, "volumeClaimTemplates")) {
    setDefault(ensureStruct(claim, "status"), "phase", "Pending");
    setDefault(ensureStruct(claim, "spec"), "volumeMode", "Filesystem");
  }
}

/** pkg/apis/batch/v1/defaults.go */
export function defaultJob(job: Fields): void {
  const spec = ensureStruct(job, "spec");
  defaultTemplate(spec);
  if (spec["completions"] === undefined && spec["parallelism"] === undefined) spec["completions"] = 1;
  setDefault(spec, "parallelism", 1);
  setDefault(spec, "backoffLimit", spec["backoffLimitPerIndex"] === undefined ? 6 : 2 ** 31 - 1);
  const labels = structOf(structOf(structOf(spec, "template"), "metadata"), "labels");
  const metadata = ensureStruct(job, "metadata");
  if (labels !== undefined && Object.keys(structOf(metadata, "labels") ?? {}).length === 0) {
    metadata["labels"] = { ...labels };
  }
  setDefault(spec, "completionMode", "NonIndexed");
  setDefault(spec, "suspend", false);
  const failurePolicy = structOf(spec, "podFailurePolicy");
  for (const rule of structsOf(failurePolicy, "rules")) {
    for (const pattern of structsOf(rule, "onPodConditions")) setDefault(pattern, "status", "True");
  }
  setDefault(spec, "podReplacementPolicy", failurePolicy === undefined ? "TerminatingOrFailed" : "Failed");
}

export function defaultCronJob(cronJob: Fields): void {
  const spec = ensureStruct(cronJob, "spec");
  setDefault(spec, "concurrencyPolicy", "Allow");
  setDefault(spec, "suspend", false);
  setDefault(spec, "successfulJobsHistoryLimit", 3);
  setDefault(spec, "failedJobsHistoryLimit", 1);
  defaultTemplate(ensureStruct(ensureStruct(spec, "jobTemplate"), "spec"));
}
