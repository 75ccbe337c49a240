import { asRecord, asString, type KubeObject } from "../../lib/kube/object.ts";
import type { Tone } from "../../lib/tone.ts";

/** Where helm keeps releases: its `secret` driver, which is the default, and its `configmap` driver. */
export type ReleaseDriver = "secrets" | "configmaps";

/** What the labels of a Secret or ConfigMap tell of the revision of a release that it holds. */
export interface StoredRelease {
  readonly driver: ReleaseDriver;
  readonly namespace: string;
  /** Of the release. */
  readonly name: string;
  readonly revision: number;
  /** `deployed`, `superseded`, `failed`, `pending-upgrade`, … */
  readonly status: string;
  /** When it was written last, milliseconds since the epoch; 0 where no label tells. */
  readonly writtenAt: number;
  /** Labels that the user gave the release. */
  readonly labels: Readonly<Record<string, string>>;
  /** The object that holds it. */
  readonly objectName: string;
  readonly uid: string | undefined;
  readonly resourceVersion: string | undefined;
}

/** The type of the Secrets that hold releases of helm 3. */
export const RELEASE_SECRET_TYPE = "helm.sh/release.v1";

/** Labels that helm sets itself: helm/pkg/storage/driver/util.go. */
const SYSTEM_LABELS = new Set(["name", "owner", "status", "version", "createdAt", "modifiedAt"]);

/** The label selector of what holds releases, or the revisions of one. */
export function releaseSelector(name?: string): string {
  return name === undefined ? "owner=helm" : `name=${name},owner=helm`;
}

/** `sh.helm.release.v1.web.v3`: the key of helm/pkg/storage/storage.go. */
export function releaseObjectName(name: string, revision: number): string {
  return `sh.helm.release.v1.${name}.v${revision}`;
}

/** What an object tells by its labels; `undefined` where they are none of a release. */
export function storedRelease(driver: ReleaseDriver, object: KubeObject): StoredRelease | undefined {
  const { name: objectName = "", namespace = "", uid, resourceVersion } = object.metadata;
  const labels = asRecord(object.metadata.labels);
  const { name, owner, version, createdAt, modifiedAt } = labels;
  const revision = Number(version);
  if (owner !== "helm" || typeof name !== "string" || !Number.isInteger(revision) || revision < 1) return undefined;
  const seconds = Number(modifiedAt ?? createdAt);
  return {
    driver,
    namespace,
    name,
    revision,
    status: asString(labels["status"], "unknown"),
    writtenAt: Number.isFinite(seconds) ? seconds * 1000 : 0,
    labels: userLabels(labels),
    objectName,
    uid,
    resourceVersion,
  };
}

function userLabels(labels: Readonly<Record<string, unknown>>): Readonly<Record<string, string>> {
  const own = Object.entries(labels).filter(([label]) => !SYSTEM_LABELS.has(label));
  return Object.fromEntries(own.map(([label, value]) => [label, asString(value)]));
}

/** The newest revision of every release, by namespace and name. */
export function latestReleases(stored: readonly StoredRelease[]): readonly StoredRelease[] {
  const latest = new Map<string, StoredRelease>();
  for (const each of stored) {
    const key = releaseKey(each);
    const known = latest.get(key);
    if (known === undefined || known.revision < each.revision) latest.set(key, each);
  }
  return [...latest.values()].sort((left, right) => (releaseKey(left) < releaseKey(right) ? -1 : 1));
}

/** Tells releases apart: one name may stand in two namespaces. */
export function releaseKey({ namespace, name, driver }: StoredRelease): string {
  return `${namespace}/${name} ${driver}`;
}

/** An operation of helm has begun on it and not ended. */
export function isPending(status: string): boolean {
  return status.startsWith("pending-") || status === "uninstalling";
}

export function releaseTone(status: string): Tone {
  if (isPending(status)) return "progress";
  switch (status) {
    case "deployed":
      return "ok";
    case "failed":
      return "error";
    case "superseded":
    case "uninstalled":
      return "muted";
    default:
      return "warning";
  }
}
