import { isJsonObject, type JsonObject } from "../json.ts";
import { compareQuantities } from "../quantity.ts";
import type { StatusCause } from "../status-error.ts";
import { duplicate, forbiddenField, invalidValue, NOT_NEGATIVE, notFoundValue, required } from "./field-error.ts";
import { dns1123Label, environmentVariableName, portName } from "./names.ts";
import { checkNotNegative, checkPortNumber, isEmpty, structAt, structsAt, textAt } from "./values.ts";

/** Names of the volumes a pod has, and of the containers seen so far. */
export interface PodNames {
  readonly volumes: ReadonlySet<string>;
  readonly containers: Set<string>;
}

/** `validateContainerCommon` (pkg/apis/core/validation). */
export function checkContainer(
  container: JsonObject,
  path: string,
  names: PodNames,
  isInit: boolean,
): readonly StatusCause[] {
  const faults: StatusCause[] = [];
  const name = textAt(container, "name");
  if (name === "") faults.push(required(`${path}.name`));
  else {
    faults.push(...dns1123Label(name).map((fault) => invalidValue(`${path}.name`, name, fault)));
    if (names.containers.has(name)) faults.push(duplicate(`${path}.name`, name));
    names.containers.add(name);
  }
  const image = textAt(container, "image");
  if (image === "") faults.push(required(`${path}.image`));
  else if (image !== image.trim()) {
    faults.push(invalidValue(`${path}.image`, image, "must not have leading or trailing whitespace"));
  }
  faults.push(
    ...checkPorts(container, `${path}.ports`),
    ...checkEnvironment(container, `${path}.env`),
    ...checkMounts(container, `${path}.volumeMounts`, names.volumes),
    ...checkResources(structAt(container, "resources"), `${path}.resources`),
    ...checkProbes(container, path, isInit),
  );
  return faults;
}

function checkPorts(container: JsonObject, path: string): readonly StatusCause[] {
  const faults: StatusCause[] = [];
  const seen = new Set<string>();
  for (const [index, port] of structsAt(container, "ports").entries()) {
    const at = `${path}[${index}]`;
    const name = textAt(port, "name");
    if (name !== "") {
      faults.push(...portName(name).map((fault) => invalidValue(`${at}.name`, name, fault)));
      if (seen.has(name)) faults.push(duplicate(`${at}.name`, name));
      seen.add(name);
    }
    const number = port["containerPort"];
    if (number === undefined || number === 0) faults.push(required(`${at}.containerPort`));
    else faults.push(...checkPortNumber(number, `${at}.containerPort`));
    const hostPort = port["hostPort"];
    if (hostPort !== undefined && hostPort !== 0) faults.push(...checkPortNumber(hostPort, `${at}.hostPort`));
    if (textAt(port, "protocol") === "") faults.push(required(`${at}.protocol`));
  }
  return faults;
}

const ENV_SOURCES = ["fieldRef", "resourceFieldRef", "configMapKeyRef", "secretKeyRef", "fileKeyRef"] as const;

function checkEnvironment(container: JsonObject, path: string): readonly StatusCause[] {
  return structsAt(container, "env").flatMap((variable, index) => {
    const at = `${path}[${index}]`;
    const name = textAt(variable, "name");
    const faults =
      name === ""
        ? [required(`${at}.name`)]
        : environmentVariableName(name).map((fault) => invalidValue(`${at}.name`, name, fault));
    const source = variable["valueFrom"];
    if (!isJsonObject(source)) return faults;
    const from = `${at}.valueFrom`;
    const given = ENV_SOURCES.filter((key) => isJsonObject(source[key]));
    if (textAt(variable, "value") !== "") {
      faults.push(invalidValue(from, "", "may not be specified when `value` is not empty"));
    } else if (given.length === 0)
      faults.push(
        invalidValue(
          from,
          "",
          "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`",
        ),
      );
    else if (given.length > 1)
      faults.push(invalidValue(from, "", "may not have more than one field specified at a time"));
    for (const key of ["configMapKeyRef", "secretKeyRef"] as const) {
      const reference = source[key];
      if (!isJsonObject(reference)) continue;
      if (textAt(reference, "name") === "") faults.push(required(`${from}.${key}.name`));
      if (textAt(reference, "key") === "") faults.push(required(`${from}.${key}.key`));
    }
    const field = source["fieldRef"];
    if (isJsonObject(field) && textAt(field, "fieldPath") === "") faults.push(required(`${from}.fieldRef.fieldPath`));
    return faults;
  });
}

function checkMounts(container: JsonObject, path: string, volumes: ReadonlySet<string>): readonly StatusCause[] {
  const faults: StatusCause[] = [];
  const seen = new Set<string>();
  for (const [index, mount] of structsAt(container, "volumeMounts").entries()) {
    const at = `${path}[${index}]`;
    const name = textAt(mount, "name");
    if (name === "") faults.push(required(`${at}.name`));
    else if (!volumes.has(name)) faults.push(notFoundValue(`${at}.name`, name));
    const target = textAt(mount, "mountPath");
    if (target === "") faults.push(required(`${at}.mountPath`));
    else if (seen.has(target)) faults.push(invalidValue(`${at}.mountPath`, target, "must be unique"));
    seen.add(target);
    const subPath = textAt(mount, "subPath");
    if (subPath.startsWith("/")) faults.push(invalidValue(`${at}.subPath`, subPath, "must be a relative path"));
    if (subPath.split("/").includes("..")) faults.push(invalidValue(`${at}.subPath`, subPath, "must not contain '..'"));
  }
  return faults;
}

function checkResources(resources: JsonObject, path: string): readonly StatusCause[] {
  const limits = structAt(resources, "limits");
  const requests = structAt(resources, "requests");
  const faults: StatusCause[] = [];
  for (const [list, values] of [["limits", limits] as const, ["requests", requests] as const]) {
    for (const [name, value] of Object.entries(values)) {
      if (typeof value === "string" && compareQuantities(value, 0) === -1) {
        faults.push(invalidValue(`${path}.${list}[${name}]`, value, NOT_NEGATIVE));
      }
    }
  }
  for (const [name, request] of Object.entries(requests)) {
    const limit = limits[name];
    if (typeof request !== "string" || typeof limit !== "string") continue;
    if (compareQuantities(request, limit) === 1) {
      faults.push(invalidValue(`${path}.requests`, request, `must be less than or equal to ${name} limit of ${limit}`));
    }
  }
  return faults;
}

const HANDLERS = ["exec", "httpGet", "tcpSocket", "grpc", "sleep"] as const;

function checkProbes(container: JsonObject, path: string, isInit: boolean): readonly StatusCause[] {
  const faults: StatusCause[] = [];
  const isSidecar = container["restartPolicy"] === "Always";
  for (const name of ["livenessProbe", "readinessProbe", "startupProbe"] as const) {
    const probe = container[name];
    if (!isJsonObject(probe)) continue;
    const at = `${path}.${name}`;
    if (isInit && !isSidecar) {
      faults.push(forbiddenField(at, "may not be set for init containers without restartPolicy=Always"));
      continue;
    }
    faults.push(...checkHandler(probe, at));
    for (const key of [
      "initialDelaySeconds",
      "timeoutSeconds",
      "periodSeconds",
      "successThreshold",
      "failureThreshold",
    ]) {
      faults.push(...checkNotNegative(probe, key, at));
    }
    const threshold = probe["successThreshold"];
    if (name !== "readinessProbe" && threshold !== undefined && threshold !== 1) {
      faults.push(invalidValue(`${at}.successThreshold`, threshold, "must be 1"));
    }
  }
  const lifecycle = structAt(container, "lifecycle");
  for (const name of ["postStart", "preStop"] as const) {
    const handler = lifecycle[name];
    if (isJsonObject(handler)) faults.push(...checkHandler(handler, `${path}.lifecycle.${name}`));
  }
  return faults;
}

function checkHandler(handler: JsonObject, path: string): readonly StatusCause[] {
  const given = HANDLERS.filter((key) => isJsonObject(handler[key]));
  const faults: StatusCause[] = [];
  if (given.length === 0) return [required(path, "must specify a handler type")];
  for (const extra of given.slice(1)) {
    faults.push(forbiddenField(`${path}.${extra}`, "may not specify more than 1 handler type"));
  }
  const command = structAt(handler, "exec")["command"];
  if (given[0] === "exec" && isEmpty(command)) faults.push(required(`${path}.exec.command`));
  for (const key of ["httpGet", "tcpSocket"] as const) {
    const action = handler[key];
    if (!isJsonObject(action)) continue;
    const port = action["port"];
    const at = `${path}.${key}.port`;
    if (typeof port === "string") faults.push(...portName(port).map((fault) => invalidValue(at, port, fault)));
    else faults.push(...checkPortNumber(port ?? 0, at));
  }
  return faults;
}
