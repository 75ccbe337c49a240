import { KelpieError } from "../../lib/errors.ts";
import { asRecord, asRecords, asString, isRecord, type KubeObject } from "../../lib/kube/object.ts";
import { parseYaml, toYaml } from "../../lib/yaml.ts";
import { base64Length } from "../data-entries.ts";

/** One object of a manifest. */
export interface ManifestObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  /** As the manifest says; `undefined` where it says nothing. */
  readonly namespace: string | undefined;
  /** `helm.sh/resource-policy: keep`: it outlives its release. */
  readonly keep: boolean;
  readonly object: KubeObject;
}

const LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration";
const SEPARATOR = /(?:^|\n)---[^\n]*(?:\n|$)/;
const SOURCE = /^# Source: .*$/m;
/** A document that may hold a Secret. JSON is YAML, too. */
const MAY_BE_SECRET = /\bkind"?'?\s*:\s*["']?(?:Secret|SecretList|List)\b/;

function documentsOf(manifest: string): readonly string[] {
  return manifest.split(SEPARATOR).filter((document) => document.trim() !== "");
}

/**
 * The objects of a manifest in its order; lists are taken apart.
 * @param breathe gives up the event loop between documents
 * @throws KelpieError where a document is no object
 */
export async function manifestObjects(
  manifest: string,
  breathe: () => Promise<void>,
): Promise<readonly ManifestObject[]> {
  const objects: ManifestObject[] = [];
  for (const document of documentsOf(manifest)) {
    await breathe();
    const source = SOURCE.exec(document)?.[0].slice(2) ?? "a document of the manifest";
    const value = parseYaml(document, source);
    // Templates that come to nothing but comments leave empty documents behind.
    if (value === null || value === undefined) continue;
    for (const item of isRecord(value) && Array.isArray(value["items"]) ? asRecords(value["items"]) : [value]) {
      objects.push(manifestObject(item, source));
    }
  }
  return objects;
}

function manifestObject(value: unknown, source: string): ManifestObject {
  const metadata = asRecord(asRecord(value)["metadata"]);
  const [apiVersion, kind] = [asString(asRecord(value)["apiVersion"]), asString(asRecord(value)["kind"])];
  const name = asString(metadata["name"]);
  if (!isRecord(value) || apiVersion === "" || kind === "" || name === "") {
    throw new KelpieError(`${source}: it is no object with an apiVersion, a kind and a name`);
  }
  const policy = asString(asRecord(metadata["annotations"])["helm.sh/resource-policy"]);
  const namespace = asString(metadata["namespace"]);
  return {
    apiVersion,
    kind,
    name,
    namespace: namespace === "" ? undefined : namespace,
    keep: policy.trim().toLowerCase() === "keep",
    object: { ...asRecord(withoutNulls(value)), metadata: asRecord(withoutNulls(metadata)) },
  };
}

/** A field without a value says nothing; a merge must not take it for one. */
function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls);
  if (!isRecord(value)) return value;
  const entries = Object.entries(value).filter(([, inner]) => inner !== null && inner !== undefined);
  return Object.fromEntries(entries.map(([key, inner]) => [key, withoutNulls(inner)]));
}

/** A manifest as text with the values of its Secrets masked; all else stays as it is, comments included. */
export function maskedManifest(manifest: string): string {
  return manifest
    .split(/((?:^|\n)---[^\n]*)/)
    .map((part) => (MAY_BE_SECRET.test(part) ? maskedDocument(part) : part))
    .join("");
}

function maskedDocument(document: string): string {
  const source = SOURCE.exec(document);
  const head = (document.startsWith("\n") ? "\n" : "") + (source === null ? "" : `${source[0]}\n`);
  let value: unknown;
  try {
    value = parseYaml(document);
  } catch {
    // What cannot be read cannot be masked either.
    return `${head}# not shown: it may be a Secret, and it is no YAML`;
  }
  const masked = maskSecrets(value, maskedText);
  return masked === value ? document : `${head}${toYaml(masked).trimEnd()}`;
}

/** What stands for a value of a Secret. */
export function maskedText(value: string, field: "data" | "stringData"): string {
  return `<masked, ${field === "data" ? base64Length(value) : Buffer.byteLength(value)} bytes>`;
}

/** A Secret, or a list with Secrets, with other texts for their values; the same value where it holds none. */
export function maskSecrets(value: unknown, mask: typeof maskedText): unknown {
  if (!isRecord(value)) return value;
  const items = value["items"];
  if (Array.isArray(items)) {
    const masked = items.map((item: unknown) => maskSecrets(item, mask));
    return masked.every((item, index) => item === items[index]) ? value : { ...value, items: masked };
  }
  if (value["kind"] !== "Secret") return value;
  const result: Record<string, unknown> = { ...value };
  for (const field of ["data", "stringData"] as const) {
    if (!isRecord(value[field])) continue;
    const entries = Object.entries(asRecord(value[field]));
    result[field] = Object.fromEntries(entries.map(([key, inner]) => [key, mask(asString(inner), field)]));
  }
  const annotations = asRecord(asRecord(value["metadata"])["annotations"]);
  if (annotations[LAST_APPLIED] !== undefined) {
    // kubectl keeps a copy of the values there.
    result["metadata"] = {
      ...asRecord(value["metadata"]),
      annotations: { ...annotations, [LAST_APPLIED]: "<masked>" },
    };
  }
  return result;
}
