import { KelpieError } from "../../lib/errors.ts";
import { asRecord, asString, isRecord, type KubeObject } from "../../lib/kube/object.ts";
import { fieldValue, resourceFieldValue, type PodAddresses } from "./field-reference.ts";
import type { Pod, PodContainer } from "./pod.ts";

/** Reads what environment variables and volumes refer to; `undefined` where the object does not exist. */
export interface ReferenceReader {
  configMap(namespace: string, name: string): Promise<KubeObject | undefined>;
  secret(namespace: string, name: string): Promise<KubeObject | undefined>;
}

export type EnvironmentEntry = readonly [name: string, value: string];

/** A container's settings that cannot be put into effect: the waiting reason `CreateContainerConfigError`. */
export class ContainerConfigError extends KelpieError {
  override readonly name = "ContainerConfigError";
}

/**
 * Replaces `$(NAME)` by the value of NAME; `$$` is a literal `$`, an unknown reference stays as it is (upstream:
 * third_party/forked/golang/expansion).
 */
export function expandVariables(text: string, lookup: (name: string) => string | undefined): string {
  if (!text.includes("$")) return text;
  return text.replaceAll(/\$(?:\$|\(([^)]*)\))/g, (match: string, name: string | undefined) =>
    name === undefined ? "$" : (lookup(name) ?? match),
  );
}

/** Decoded data of a secret, or data and binaryData of a config map, as bytes by key. */
export function dataOf(object: KubeObject): ReadonlyMap<string, Buffer> {
  const secret = object.kind === "Secret";
  const data = new Map<string, Buffer>();
  for (const [key, value] of Object.entries(asRecord(object["data"]))) {
    data.set(key, Buffer.from(asString(value), secret ? "base64" : "utf8"));
  }
  for (const [key, value] of Object.entries(asRecord(object["binaryData"]))) {
    data.set(key, Buffer.from(asString(value), "base64"));
  }
  return data;
}

export interface EnvironmentInput {
  readonly pod: Pod;
  readonly container: PodContainer;
  readonly addresses: PodAddresses;
  /** Variables of services; overruled by the container's own. */
  readonly services: readonly EnvironmentEntry[];
  readonly references: ReferenceReader;
}

/**
 * The environment of a container, in upstream's order of precedence: services, `envFrom`, `env`.
 * @throws ContainerConfigError for a missing object or key that is not optional
 */
export async function buildEnvironment(input: EnvironmentInput): Promise<readonly EnvironmentEntry[]> {
  const { container, services } = input;
  const serviceVariables = new Map(services);
  const result = new Map<string, string>();
  for (const source of container.envFrom) {
    for (const [name, value] of await variablesFrom(input, source)) result.set(name, value);
  }
  for (const variable of container.env) {
    const name = asString(variable["name"]);
    const source = variable["valueFrom"];
    if (isRecord(source)) {
      const value = await valueFrom(input, source);
      if (value !== undefined) result.set(name, value);
    } else {
      const lookup = (key: string): string | undefined => result.get(key) ?? serviceVariables.get(key);
      result.set(name, expandVariables(asString(variable["value"]), lookup));
    }
  }
  const inherited = services.filter(([name]) => !result.has(name));
  return [...result, ...inherited];
}

async function variablesFrom(
  { pod, references }: EnvironmentInput,
  source: Readonly<Record<string, unknown>>,
): Promise<readonly EnvironmentEntry[]> {
  const prefix = asString(source["prefix"]);
  const entries: EnvironmentEntry[] = [];
  for (const kind of ["configMap", "secret"] as const) {
    const reference = source[`${kind}Ref`];
    if (!isRecord(reference)) continue;
    const name = asString(reference["name"]);
    const object = await references[kind](pod.namespace, name);
    if (object === undefined) {
      if (reference["optional"] === true) continue;
      throw new ContainerConfigError(`${kind.toLowerCase()} "${name}" not found`);
    }
    for (const [key, value] of dataOf(object)) {
      // A name with "=" cannot be an environment variable; upstream skips it too.
      if (!key.includes("=")) entries.push([prefix + key, value.toString("utf8")]);
    }
  }
  return entries;
}

async function valueFrom(
  { pod, container, addresses, references }: EnvironmentInput,
  source: Readonly<Record<string, unknown>>,
): Promise<string | undefined> {
  if (isRecord(source["fieldRef"])) return fieldValue(pod, asString(source["fieldRef"]["fieldPath"]), addresses);
  if (isRecord(source["resourceFieldRef"])) return resourceFieldValue(pod, source["resourceFieldRef"], container);
  for (const kind of ["configMap", "secret"] as const) {
    const reference = source[`${kind}KeyRef`];
    if (!isRecord(reference)) continue;
    const name = asString(reference["name"]);
    const key = asString(reference["key"]);
    const optional = reference["optional"] === true;
    const object = await references[kind](pod.namespace, name);
    if (object === undefined) {
      if (optional) return undefined;
      throw new ContainerConfigError(`${kind.toLowerCase()} "${name}" not found`);
    }
    const value = dataOf(object).get(key);
    if (value !== undefined) return value.toString("utf8");
    if (optional) return undefined;
    const label = kind === "configMap" ? "ConfigMap" : "Secret";
    throw new ContainerConfigError(`couldn't find key ${key} in ${label} ${pod.namespace}/${name}`);
  }
  throw new ContainerConfigError(
    `invalid container environment: valueFrom of a variable of container "${container.name}" names no source that kelpie supports`,
  );
}
