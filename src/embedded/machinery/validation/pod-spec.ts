import { isJsonObject, jsonEqual, type JsonObject, type MutableJsonObject } from "../json.ts";
import type { StatusCause } from "../status-error.ts";
import { checkContainer, type PodNames } from "./containers.ts";
import { duplicate, forbiddenField, invalidValue, notFoundValue, required } from "./field-error.ts";
import { dns1123Label, dns1123Subdomain } from "./names.ts";
import { checkLabels, checkNotNegative, isEmpty, structAt, structsAt, textAt } from "./values.ts";

/** `ValidatePodSpec` (pkg/apis/core/validation), what a one-node cluster can meet. */
export function checkPodSpec(spec: JsonObject, path: string): readonly StatusCause[] {
  const faults = [...checkVolumes(spec, `${path}.volumes`)];
  const names: PodNames = {
    volumes: new Set(structsAt(spec, "volumes").map((volume) => textAt(volume, "name"))),
    containers: new Set(),
  };
  if (isEmpty(spec["containers"])) faults.push(required(`${path}.containers`));
  for (const list of ["containers", "initContainers", "ephemeralContainers"] as const) {
    for (const [index, container] of structsAt(spec, list).entries()) {
      faults.push(...checkContainer(container, `${path}.${list}[${index}]`, names, list === "initContainers"));
    }
  }
  faults.push(...checkEphemeral(spec, `${path}.ephemeralContainers`));
  faults.push(...checkNotNegative(spec, "terminationGracePeriodSeconds", path));
  const deadline = spec["activeDeadlineSeconds"];
  if (typeof deadline === "number" && (deadline < 1 || deadline > 2 ** 31 - 1)) {
    faults.push(invalidValue(`${path}.activeDeadlineSeconds`, deadline, "must be between 1 and 2147483647, inclusive"));
  }
  faults.push(...checkLabels(spec["nodeSelector"], `${path}.nodeSelector`));
  for (const [key, check] of [
    ["serviceAccountName", dns1123Subdomain],
    ["nodeName", dns1123Subdomain],
    ["hostname", dns1123Label],
    ["subdomain", dns1123Label],
  ] as const) {
    const value = textAt(spec, key);
    if (value !== "") faults.push(...check(value).map((fault) => invalidValue(`${path}.${key}`, value, fault)));
  }
  return faults;
}

/** What an ephemeral container may not have (`allowedEphemeralContainerFields`). */
const NOT_EPHEMERAL = ["lifecycle", "livenessProbe", "ports", "readinessProbe", "resources", "startupProbe"] as const;

/** `validateEphemeralContainers`, beyond what holds for every container. */
function checkEphemeral(spec: JsonObject, path: string): readonly StatusCause[] {
  const targets = new Set(
    [...structsAt(spec, "containers"), ...structsAt(spec, "initContainers")].map((each) => textAt(each, "name")),
  );
  return structsAt(spec, "ephemeralContainers").flatMap((container, index) => {
    const at = `${path}[${index}]`;
    const target = textAt(container, "targetContainerName");
    return [
      ...(target === "" || targets.has(target) ? [] : [notFoundValue(`${at}.targetContainerName`, target)]),
      ...NOT_EPHEMERAL.filter((field) => !isEmpty(container[field])).map((field) =>
        forbiddenField(`${at}.${field}`, "cannot be set for an Ephemeral Container"),
      ),
    ];
  });
}

function checkVolumes(spec: JsonObject, path: string): readonly StatusCause[] {
  const faults: StatusCause[] = [];
  const seen = new Set<string>();
  for (const [index, volume] of structsAt(spec, "volumes").entries()) {
    const at = `${path}[${index}]`;
    const name = textAt(volume, "name");
    if (name === "") faults.push(required(`${at}.name`));
    else {
      faults.push(...dns1123Label(name).map((fault) => invalidValue(`${at}.name`, name, fault)));
      if (seen.has(name)) faults.push(duplicate(`${at}.name`, name));
      seen.add(name);
    }
    const sources = Object.keys(volume).filter((key) => isJsonObject(volume[key]));
    if (sources.length === 0) faults.push(required(at, "must specify a volume type"));
    for (const extra of sources.slice(1)) {
      faults.push(forbiddenField(`${at}.${extra}`, "may not specify more than 1 volume type"));
    }
    faults.push(...checkVolumeSource(volume, at));
  }
  return faults;
}

/** The field that names what a volume is made from. */
const SOURCE_NAMES = [
  ["hostPath", "path"],
  ["secret", "secretName"],
  ["configMap", "name"],
  ["persistentVolumeClaim", "claimName"],
] as const;

function checkVolumeSource(volume: JsonObject, path: string): readonly StatusCause[] {
  const faults: StatusCause[] = [];
  for (const [source, field] of SOURCE_NAMES) {
    const value = volume[source];
    if (isJsonObject(value) && textAt(value, field) === "") faults.push(required(`${path}.${source}.${field}`));
  }
  for (const source of ["secret", "configMap", "downwardAPI", "projected"] as const) {
    const mode = structAt(volume, source)["defaultMode"];
    if (typeof mode === "number" && (mode < 0 || mode > 0o777)) {
      faults.push(
        invalidValue(
          `${path}.${source}.defaultMode`,
          mode,
          "must be a number between 0 and 0777 (octal), both inclusive",
        ),
      );
    }
  }
  return faults;
}

const UPDATES_FORBIDDEN =
  "pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`," +
  "`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations)," +
  "`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)";

/**
 * `ValidatePodUpdate`. Setting the node of a pod that has none is allowed here, for bindings go this way. Ephemeral
 * containers are left to the registry, which knows the subresource.
 */
export function checkPodUpdate(pod: JsonObject, old: JsonObject): readonly StatusCause[] {
  const spec = structAt(pod, "spec");
  const before = structAt(old, "spec");
  for (const list of ["containers", "initContainers"] as const) {
    if (structsAt(spec, list).length !== structsAt(before, list).length) {
      return [forbiddenField(`spec.${list}`, "pod updates may not add or remove containers")];
    }
  }
  const faults: StatusCause[] = [];
  const deadline = spec["activeDeadlineSeconds"];
  const oldDeadline = before["activeDeadlineSeconds"];
  if (typeof oldDeadline === "number") {
    if (typeof deadline !== "number") {
      faults.push(
        invalidValue("spec.activeDeadlineSeconds", deadline, "must not update from a positive integer to nil value"),
      );
    } else if (deadline > oldDeadline) {
      faults.push(
        invalidValue(
          "spec.activeDeadlineSeconds",
          deadline,
          `must be less than or equal to previous value: ${oldDeadline}`,
        ),
      );
    }
  }
  const tolerations = structsAt(spec, "tolerations");
  const kept = structsAt(before, "tolerations").every((old) => tolerations.some((now) => jsonEqual(old, now)));
  if (!kept)
    faults.push(
      forbiddenField("spec.tolerations", "existing toleration can not be modified except its tolerationSeconds"),
    );
  if (!jsonEqual(fixedParts(spec, before), fixedParts(before, before)))
    faults.push(forbiddenField("spec", UPDATES_FORBIDDEN));
  return faults;
}

/** A pod's spec without what may change. */
function fixedParts(spec: JsonObject, before: JsonObject): JsonObject {
  const fixed: MutableJsonObject = { ...spec };
  for (const key of ["activeDeadlineSeconds", "tolerations", "ephemeralContainers", "schedulingGates"])
    delete fixed[key];
  if (textAt(before, "nodeName") === "") delete fixed["nodeName"];
  const grace = before["terminationGracePeriodSeconds"];
  if (typeof grace === "number" && grace < 0) delete fixed["terminationGracePeriodSeconds"];
  for (const list of ["containers", "initContainers"] as const) {
    const containers = structsAt(spec, list);
    if (containers.length > 0) fixed[list] = containers.map(({ image: _image, ...rest }) => rest);
  }
  return fixed;
}
