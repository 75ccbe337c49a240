import { matchesLabels, selectorFromObject } from "../../../lib/kube/selector.ts";
import type { Json } from "../../../lib/kube/object.ts";
import { isJsonObject, jsonEqual, type JsonObject } from "../json.ts";
import type { StatusCause } from "../status-error.ts";
import { forbiddenField, IMMUTABLE, invalidValue, required, unsupported } from "./field-error.ts";
import { checkPodSpec } from "./pod-spec.ts";
import { checkLabels, checkLabelSelector, checkNotNegative, isEmpty, structAt, textAt } from "./values.ts";

type Check = (object: JsonObject, old: JsonObject | undefined) => readonly StatusCause[];

function stringsOf(labels: JsonObject): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(labels).filter((entry): entry is [string, string] => typeof entry[1] === "string"),
  );
}

/** Template, selector and their agreement: common to all that make pods for ever. */
function checkSelectorAndTemplate(spec: JsonObject, kind: string): readonly StatusCause[] {
  const faults: StatusCause[] = [];
  const selector = spec["selector"];
  if (!isJsonObject(selector)) faults.push(required("spec.selector"));
  else {
    faults.push(...checkLabelSelector(selector, "spec.selector"));
    if (isEmpty(selector["matchLabels"]) && isEmpty(selector["matchExpressions"])) {
      faults.push(invalidValue("spec.selector", selector, `empty selector is invalid for ${kind}`));
    }
  }
  const template = structAt(spec, "template");
  const labels = structAt(structAt(template, "metadata"), "labels");
  const parsed = selectorFromObject(selector);
  // Without a selector nothing matches; an empty one matches everything.
  const matches = isJsonObject(selector) && (parsed === undefined || matchesLabels(parsed, stringsOf(labels)));
  if (!matches) {
    const path = "spec.template.metadata.labels";
    faults.push(invalidValue(path, isEmpty(labels) ? null : labels, "`selector` does not match template `labels`"));
  }
  return [...faults, ...checkTemplate(template, "spec.template", ["Always"])];
}

function checkTemplate(template: JsonObject, path: string, restartPolicies: readonly string[]): readonly StatusCause[] {
  const spec = structAt(template, "spec");
  const policy = textAt(spec, "restartPolicy");
  const faults = [
    ...checkLabels(structAt(template, "metadata")["labels"], `${path}.metadata.labels`),
    ...checkPodSpec(spec, `${path}.spec`),
  ];
  if (!restartPolicies.includes(policy))
    faults.push(unsupported(`${path}.spec.restartPolicy`, policy, restartPolicies));
  return faults;
}

function immutable(object: JsonObject, old: JsonObject | undefined, field: string): readonly StatusCause[] {
  if (old === undefined) return [];
  const value = structAt(object, "spec")[field];
  return jsonEqual(value, structAt(old, "spec")[field]) ? [] : [invalidValue(`spec.${field}`, value, IMMUTABLE)];
}

export const checkDeployment: Check = (object, old) => {
  const spec = structAt(object, "spec");
  const faults = [
    ...checkNotNegative(spec, "replicas", "spec"),
    ...checkSelectorAndTemplate(spec, "deployment"),
    ...checkStrategy(structAt(spec, "strategy")),
    ...checkNotNegative(spec, "minReadySeconds", "spec"),
    ...checkNotNegative(spec, "revisionHistoryLimit", "spec"),
    ...checkNotNegative(spec, "progressDeadlineSeconds", "spec"),
  ];
  const deadline = spec["progressDeadlineSeconds"];
  const ready = typeof spec["minReadySeconds"] === "number" ? spec["minReadySeconds"] : 0;
  if (typeof deadline === "number" && deadline >= 0 && deadline <= ready) {
    faults.push(invalidValue("spec.progressDeadlineSeconds", deadline, "must be greater than minReadySeconds"));
  }
  return [...faults, ...immutable(object, old, "selector")];
};

function checkStrategy(strategy: JsonObject): readonly StatusCause[] {
  const rollingUpdate = strategy["rollingUpdate"];
  if (!isJsonObject(rollingUpdate)) return [];
  if (strategy["type"] === "Recreate") {
    const why = "may not be specified when strategy `type` is 'Recreate'";
    return [forbiddenField("spec.strategy.rollingUpdate", why)];
  }
  return checkRollingUpdate(rollingUpdate, "spec.strategy.rollingUpdate");
}

function checkRollingUpdate(rollingUpdate: JsonObject, path: string): readonly StatusCause[] {
  const { maxUnavailable, maxSurge } = rollingUpdate;
  const faults = [...checkShare(maxUnavailable, `${path}.maxUnavailable`), ...checkShare(maxSurge, `${path}.maxSurge`)];
  if (isZeroShare(maxUnavailable) && isZeroShare(maxSurge)) {
    faults.push(invalidValue(`${path}.maxUnavailable`, maxUnavailable, "may not be 0 when `maxSurge` is 0"));
  }
  if (typeof maxUnavailable === "string" && Number.parseInt(maxUnavailable, 10) > 100) {
    faults.push(invalidValue(`${path}.maxUnavailable`, maxUnavailable, "must not be greater than 100%"));
  }
  return faults;
}

function isZeroShare(value: Json | undefined): boolean {
  return value === 0 || (typeof value === "string" && /^0+%$/.test(value));
}

/** A count or a percentage. */
function checkShare(value: Json | undefined, path: string): readonly StatusCause[] {
  if (typeof value === "number")
    return value < 0 ? [invalidValue(path, value, "must be greater than or equal to 0")] : [];
  if (typeof value !== "string" || /^\d+%$/.test(value)) return [];
  const why =
    "a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or '93%', regex used for validation is '[0-9]+%')";
  return [invalidValue(path, value, why)];
}

export const checkReplicaSet: Check = (object, old) => {
  const spec = structAt(object, "spec");
  return [
    ...checkNotNegative(spec, "replicas", "spec"),
    ...checkNotNegative(spec, "minReadySeconds", "spec"),
    ...checkSelectorAndTemplate(spec, "replicaset"),
    ...immutable(object, old, "selector"),
  ];
};

export const checkDaemonSet: Check = (object, old) => {
  const spec = structAt(object, "spec");
  const rollingUpdate = structAt(structAt(spec, "updateStrategy"), "rollingUpdate");
  return [
    ...checkSelectorAndTemplate(spec, "daemonset"),
    ...checkRollingUpdate(rollingUpdate, "spec.updateStrategy.rollingUpdate"),
    ...checkNotNegative(spec, "minReadySeconds", "spec"),
    ...immutable(object, old, "selector"),
  ];
};

const STATEFUL_SET_CHANGES = [
  "replicas",
  "ordinals",
  "template",
  "updateStrategy",
  "revisionHistoryLimit",
  "persistentVolumeClaimRetentionPolicy",
  "minReadySeconds",
] as const;

export const checkStatefulSet: Check = (object, old) => {
  const spec = structAt(object, "spec");
  const faults = [
    ...checkNotNegative(spec, "replicas", "spec"),
    ...checkNotNegative(spec, "minReadySeconds", "spec"),
    ...checkSelectorAndTemplate(spec, "statefulset"),
  ];
  if (old === undefined) return faults;
  const before = { ...structAt(old, "spec") };
  const now = { ...spec };
  for (const field of STATEFUL_SET_CHANGES) {
    delete before[field];
    delete now[field];
  }
  if (jsonEqual(now, before)) return faults;
  const names = STATEFUL_SET_CHANGES.map((field) => `'${field}'`);
  const allowed = `${names.slice(0, -1).join(", ")} and ${names.at(-1) ?? ""}`;
  return [
    ...faults,
    forbiddenField("spec", `updates to statefulset spec for fields other than ${allowed} are forbidden`),
  ];
};

export const checkJob: Check = (object, old) => {
  const spec = structAt(object, "spec");
  const counts = ["parallelism", "completions", "activeDeadlineSeconds", "backoffLimit", "ttlSecondsAfterFinished"];
  return [
    ...counts.flatMap((field) => checkNotNegative(spec, field, "spec")),
    ...checkTemplate(structAt(spec, "template"), "spec.template", ["OnFailure", "Never"]),
    ...immutable(object, old, "selector"),
    ...immutable(object, old, "completionMode"),
    // A suspended job's template may still change.
    ...(old !== undefined && structAt(old, "spec")["suspend"] === true ? [] : immutable(object, old, "template")),
  ];
};

const CRON_NAME_LIMIT = 52;

export const checkCronJob: Check = (object) => {
  const spec = structAt(object, "spec");
  const faults: StatusCause[] = [];
  const name = textAt(structAt(object, "metadata"), "name");
  if (name.length > CRON_NAME_LIMIT) {
    faults.push(invalidValue("metadata.name", name, `must be no more than ${CRON_NAME_LIMIT} characters`));
  }
  const schedule = textAt(spec, "schedule");
  if (schedule === "") faults.push(required("spec.schedule"));
  else if (!schedule.startsWith("@") && schedule.trim().split(/\s+/).length !== 5) {
    const found = schedule.trim().split(/\s+/).length;
    faults.push(invalidValue("spec.schedule", schedule, `expected exactly 5 fields, found ${found}: [${schedule}]`));
  }
  const template = structAt(structAt(structAt(spec, "jobTemplate"), "spec"), "template");
  return [...faults, ...checkTemplate(template, "spec.jobTemplate.spec.template", ["OnFailure", "Never"])];
};
