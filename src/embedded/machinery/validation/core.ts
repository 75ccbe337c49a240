import { isIP } from "node:net";
import { isJsonArray, isJsonObject, jsonEqual, type JsonObject } from "../json.ts";
import type { StatusCause } from "../status-error.ts";
import { duplicate, forbiddenField, IMMUTABLE, invalidValue, required, tooLong } from "./field-error.ts";
import { configMapKey, dns1123Label, dns1123Subdomain, portName } from "./names.ts";
import { checkLabels, checkPortNumber, isEmpty, structAt, structsAt, textAt } from "./values.ts";

type Check = (object: JsonObject, old: JsonObject | undefined) => readonly StatusCause[];

const MAX_DATA_BYTES = 1024 * 1024;

export const checkService: Check = (service, old) => {
  const spec = structAt(service, "spec");
  const type = textAt(spec, "type");
  const isHeadless = spec["clusterIP"] === "None";
  const faults = [...checkServicePorts(spec)];
  if (isEmpty(spec["ports"]) && !isHeadless && type !== "ExternalName") faults.push(required("spec.ports"));
  faults.push(...checkLabels(spec["selector"], "spec.selector"));
  if (type === "ExternalName") {
    const name = textAt(spec, "externalName");
    if (name === "") faults.push(required("spec.externalName"));
    else
      faults.push(
        ...dns1123Subdomain(name.replace(/\.$/, "")).map((fault) => invalidValue("spec.externalName", name, fault)),
      );
    if (!isEmpty(spec["clusterIP"])) {
      faults.push(forbiddenField("spec.clusterIP", "may not be set when `type` is 'ExternalName'"));
    }
  }
  if (isHeadless && (type === "NodePort" || type === "LoadBalancer")) {
    faults.push(invalidValue("spec.clusterIPs[0]", "None", `may not be set to 'None' for ${type} services`));
  }
  const address = textAt(spec, "clusterIP");
  if (address !== "" && address !== "None" && isIP(address) === 0) {
    faults.push(
      invalidValue("spec.clusterIPs[0]", address, "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"),
    );
  }
  return [...faults, ...checkClusterIpUpdate(spec, old)];
};

function checkClusterIpUpdate(spec: JsonObject, old: JsonObject | undefined): readonly StatusCause[] {
  const before = structAt(old, "spec");
  const address = textAt(before, "clusterIP");
  const external = textAt(spec, "type") === "ExternalName" || textAt(before, "type") === "ExternalName";
  if (address === "" || external || textAt(spec, "clusterIP") === address) return [];
  return [
    invalidValue("spec.clusterIPs[0]", spec["clusterIPs"] ?? [textAt(spec, "clusterIP")], "may not change once set"),
  ];
}

function checkServicePorts(spec: JsonObject): readonly StatusCause[] {
  const ports = structsAt(spec, "ports");
  const faults: StatusCause[] = [];
  const names = new Set<string>();
  const seen = new Set<string>();
  for (const [index, port] of ports.entries()) {
    const path = `spec.ports[${index}]`;
    const name = textAt(port, "name");
    if (name === "") {
      if (ports.length > 1) faults.push(required(`${path}.name`));
    } else {
      faults.push(...dns1123Label(name).map((fault) => invalidValue(`${path}.name`, name, fault)));
      if (names.has(name)) faults.push(duplicate(`${path}.name`, name));
      names.add(name);
    }
    faults.push(...checkPortNumber(port["port"], `${path}.port`));
    const target = port["targetPort"];
    if (typeof target === "string") {
      faults.push(...portName(target).map((fault) => invalidValue(`${path}.targetPort`, target, fault)));
    } else if (target !== undefined) faults.push(...checkPortNumber(target, `${path}.targetPort`));
    const key = `${textAt(port, "protocol")}/${JSON.stringify(port["port"])}`;
    if (seen.has(key)) faults.push(duplicate(path, port));
    seen.add(key);
  }
  return faults;
}

function checkDataKeys(object: JsonObject, field: string): readonly StatusCause[] {
  return Object.keys(structAt(object, field)).flatMap((key) =>
    configMapKey(key).map((fault) => invalidValue(`${field}[${key}]`, key, fault)),
  );
}

function checkImmutableData(
  object: JsonObject,
  old: JsonObject | undefined,
  fields: readonly string[],
): readonly StatusCause[] {
  if (old?.["immutable"] !== true) return [];
  const why = "field is immutable when `immutable` is set";
  const faults = fields
    .filter((field) => !jsonEqual(object[field] ?? {}, old[field] ?? {}))
    .map((field) => forbiddenField(field, why));
  return object["immutable"] === true ? faults : [forbiddenField("immutable", why), ...faults];
}

export const checkConfigMap: Check = (configMap, old) => {
  const data = structAt(configMap, "data");
  const binary = structAt(configMap, "binaryData");
  const faults = [...checkDataKeys(configMap, "data"), ...checkDataKeys(configMap, "binaryData")];
  for (const key of Object.keys(data)) {
    if (Object.hasOwn(binary, key)) {
      faults.push(invalidValue("data", key, "key of `binaryData` must not be in `data`"));
    }
  }
  if (sizeOf(data) + (sizeOf(binary) * 3) / 4 > MAX_DATA_BYTES) faults.push(tooLong("", MAX_DATA_BYTES));
  return [...faults, ...checkImmutableData(configMap, old, ["data", "binaryData"])];
};

function sizeOf(data: JsonObject): number {
  let bytes = 0;
  for (const value of Object.values(data)) if (typeof value === "string") bytes += Buffer.byteLength(value);
  return bytes;
}

/** The keys that a secret of a type must have. */
const SECRET_KEYS: ReadonlyMap<string, readonly string[]> = new Map([
  ["kubernetes.io/tls", ["tls.crt", "tls.key"]],
  ["kubernetes.io/dockerconfigjson", [".dockerconfigjson"]],
  ["kubernetes.io/dockercfg", [".dockercfg"]],
  ["kubernetes.io/ssh-auth", ["ssh-privatekey"]],
]);

export const checkSecret: Check = (secret, old) => {
  const data = structAt(secret, "data");
  const faults = [...checkDataKeys(secret, "data")];
  if ((sizeOf(data) * 3) / 4 > MAX_DATA_BYTES) faults.push(tooLong("data", MAX_DATA_BYTES));
  const type = textAt(secret, "type");
  for (const key of SECRET_KEYS.get(type) ?? []) {
    if (data[key] === undefined) faults.push(required(`data[${key}]`));
  }
  if (type === "kubernetes.io/basic-auth" && data["username"] === undefined && data["password"] === undefined) {
    faults.push(required("data[username]"), required("data[password]"));
  }
  if (old !== undefined && textAt(old, "type") !== "" && textAt(old, "type") !== type) {
    faults.push(invalidValue("type", type, IMMUTABLE));
  }
  return [...faults, ...checkImmutableData(secret, old, ["data"])];
};

export const checkEvent: Check = (event) => {
  const involved = structAt(event, "involvedObject");
  const namespace = textAt(structAt(event, "metadata"), "namespace");
  const wanted = textAt(involved, "namespace");
  // Events about cluster-scoped objects live in `default`.
  if (wanted === namespace || (wanted === "" && namespace === "default")) return [];
  return [invalidValue("involvedObject.namespace", wanted, "does not match event.namespace")];
};

export const checkLease: Check = (lease) => {
  const spec = structAt(lease, "spec");
  const faults: StatusCause[] = [];
  const seconds = spec["leaseDurationSeconds"];
  if (typeof seconds === "number" && seconds <= 0) {
    faults.push(invalidValue("spec.leaseDurationSeconds", seconds, "must be greater than 0"));
  }
  const transitions = spec["leaseTransitions"];
  if (typeof transitions === "number" && transitions < 0) {
    faults.push(invalidValue("spec.leaseTransitions", transitions, "must be greater than or equal to 0"));
  }
  return faults;
};

export const checkEndpointSlice: Check = (slice, old) => {
  const type = textAt(slice, "addressType");
  const faults: StatusCause[] = [];
  if (type === "") faults.push(required("addressType"));
  if (old !== undefined && textAt(old, "addressType") !== type)
    faults.push(invalidValue("addressType", type, IMMUTABLE));
  for (const [index, endpoint] of structsAt(slice, "endpoints").entries()) {
    const addresses = endpoint["addresses"];
    const path = `endpoints[${index}].addresses`;
    if (!isJsonArray(addresses) || addresses.length === 0) {
      faults.push(required(path, "must contain at least 1 address"));
      continue;
    }
    const family = type === "IPv4" ? 4 : type === "IPv6" ? 6 : undefined;
    if (family === undefined) continue;
    for (const [position, address] of addresses.entries()) {
      if (typeof address === "string" && isIP(address) === family) continue;
      faults.push(invalidValue(`${path}[${position}]`, address, `must be a valid ${type} address`));
    }
  }
  return faults;
};

export const checkNode: Check = (node, old) => {
  const before = structAt(old, "spec")["podCIDR"];
  const now = structAt(node, "spec")["podCIDR"];
  const faults = structsAt(structAt(node, "spec"), "taints").flatMap((taint, index) =>
    textAt(taint, "key") === "" ? [required(`spec.taints[${index}].key`)] : [],
  );
  return typeof before === "string" && before !== "" && before !== now
    ? [...faults, forbiddenField("spec.podCIDRs", 'node updates may not change podCIDR except from "" to valid')]
    : faults;
};

export const checkRoleBinding: Check = (binding, old) => {
  const roleRef = structAt(binding, "roleRef");
  const faults: StatusCause[] = [];
  if (textAt(roleRef, "name") === "") faults.push(required("roleRef.name"));
  if (old !== undefined && !jsonEqual(roleRef, old["roleRef"])) {
    faults.push(invalidValue("roleRef", isJsonObject(roleRef) ? roleRef : null, "cannot change roleRef"));
  }
  return faults;
};
