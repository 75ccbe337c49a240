import { KelpieError } from "../../../lib/errors.ts";
import { asNumber, asRecord, asRecords, asString, isRecord, type KubeObject } from "../../../lib/kube/object.ts";
import { dataOf, type ReferenceReader } from "../environment.ts";
import { fieldValue, resourceFieldValue, type PodAddresses } from "../field-reference.ts";
import type { Pod } from "../pod.ts";
import type { VolumeFile, VolumePayload } from "./atomic-writer.ts";

type Fields = Readonly<Record<string, unknown>>;

const DEFAULT_MODE = 0o644;

/** A volume that cannot be mounted, in upstream's words: a `FailedMount` event. */
export class VolumeError extends KelpieError {
  override readonly name = "VolumeError";
}

export interface PayloadInput {
  readonly pod: Pod;
  readonly addresses: PodAddresses;
  readonly references: ReferenceReader;
  /** A token of the pod's service account. */
  readonly token: () => Promise<string>;
}

/** Volumes whose files come from the API and are kept up to date. */
export function isPayloadVolume(volume: Fields): boolean {
  return ["configMap", "secret", "downwardAPI", "projected"].some((type) => isRecord(volume[type]));
}

/**
 * The files of a configMap, secret, downwardAPI or projected volume.
 * @throws VolumeError where something it refers to is missing and not optional
 */
export async function volumePayload(volume: Fields, input: PayloadInput): Promise<VolumePayload> {
  const files = new Map<string, VolumeFile>();
  if (isRecord(volume["projected"])) {
    const projected = volume["projected"];
    const mode = asNumber(projected["defaultMode"], DEFAULT_MODE);
    for (const source of asRecords(projected["sources"])) await addProjected(files, source, mode, input);
  } else if (isRecord(volume["configMap"])) {
    const source = volume["configMap"];
    await addObject(files, "configMap", asString(source["name"]), source, modeOf(source), input);
  } else if (isRecord(volume["secret"])) {
    const source = volume["secret"];
    await addObject(files, "secret", asString(source["secretName"]), source, modeOf(source), input);
  } else if (isRecord(volume["downwardAPI"])) {
    const source = volume["downwardAPI"];
    addDownward(files, source, modeOf(source), input);
  }
  return files;
}

function modeOf(source: Fields): number {
  return asNumber(source["defaultMode"], DEFAULT_MODE);
}

async function addProjected(
  files: Map<string, VolumeFile>,
  source: Fields,
  mode: number,
  input: PayloadInput,
): Promise<void> {
  if (isRecord(source["configMap"])) {
    const configMap = source["configMap"];
    await addObject(files, "configMap", asString(configMap["name"]), configMap, mode, input);
  } else if (isRecord(source["secret"])) {
    const secret = source["secret"];
    await addObject(files, "secret", asString(secret["name"]), secret, mode, input);
  } else if (isRecord(source["downwardAPI"])) {
    addDownward(files, source["downwardAPI"], mode, input);
  } else if (isRecord(source["serviceAccountToken"])) {
    const path = asString(source["serviceAccountToken"]["path"], "token");
    put(files, path, { data: Buffer.from(await input.token()), mode });
  } else {
    throw new VolumeError(`kelpie does not support projected sources of type "${Object.keys(source)[0] ?? ""}"`);
  }
}

async function addObject(
  files: Map<string, VolumeFile>,
  kind: "configMap" | "secret",
  name: string,
  source: Fields,
  mode: number,
  { pod, references }: PayloadInput,
): Promise<void> {
  const optional = source["optional"] === true;
  const object = await references[kind](pod.namespace, name);
  if (object === undefined) {
    if (optional) return;
    throw new VolumeError(`${kind.toLowerCase()} "${name}" not found`);
  }
  const data = dataOf(object);
  const items = asRecords(source["items"]);
  if (items.length === 0) {
    for (const [key, value] of data) put(files, key, { data: value, mode });
    return;
  }
  for (const item of items) {
    const key = asString(item["key"]);
    const value = data.get(key);
    if (value === undefined) {
      if (optional) continue;
      throw new VolumeError(`references non-existent ${kind === "secret" ? "secret" : "config"} key: ${key}`);
    }
    put(files, asString(item["path"]), { data: value, mode: asNumber(item["mode"], mode) });
  }
}

function addDownward(files: Map<string, VolumeFile>, source: Fields, mode: number, input: PayloadInput): void {
  for (const item of asRecords(source["items"])) {
    const fieldRef = asRecord(item["fieldRef"]);
    const text = isRecord(item["resourceFieldRef"])
      ? resourceFieldValue(input.pod, item["resourceFieldRef"], undefined)
      : fieldValue(input.pod, asString(fieldRef["fieldPath"]), input.addresses);
    put(files, asString(item["path"]), { data: Buffer.from(text), mode: asNumber(item["mode"], mode) });
  }
}

function put(files: Map<string, VolumeFile>, path: string, file: VolumeFile): void {
  const parts = path.split("/");
  if (path === "" || path.startsWith("/") || parts.includes("..") || path.startsWith("..")) {
    throw new VolumeError(`invalid path "${path}": must be relative and must not contain ".."`);
  }
  files.set(path, file);
}

/** Names of the config maps and secrets that a pod's volumes and variables refer to, as `ConfigMap/name`. */
export function referencedObjects(pod: { readonly object: KubeObject }): ReadonlySet<string> {
  const found = new Set<string>();
  collect(pod.object["spec"], found);
  return found;
}

const REFERENCE_FIELDS: Readonly<Record<string, readonly [kind: string, nameField: string]>> = {
  configMap: ["ConfigMap", "name"],
  configMapRef: ["ConfigMap", "name"],
  configMapKeyRef: ["ConfigMap", "name"],
  secret: ["Secret", "secretName"],
  secretRef: ["Secret", "name"],
  secretKeyRef: ["Secret", "name"],
};

function collect(value: unknown, found: Set<string>): void {
  if (Array.isArray(value)) {
    for (const entry of value) collect(entry, found);
    return;
  }
  if (!isRecord(value)) return;
  for (const [field, child] of Object.entries(value)) {
    const reference = REFERENCE_FIELDS[field];
    if (reference !== undefined && isRecord(child)) {
      const name = asString(child[reference[1]]) || asString(child["name"]);
      if (name !== "") found.add(`${reference[0]}/${name}`);
    } else collect(child, found);
  }
}
