import { KelpieError } from "../../lib/errors.ts";
import { isRecord } from "../../lib/kube/object.ts";
import type { StoredRelease } from "../../resources/helm/stored-release.ts";

type Parameters = Readonly<Record<string, unknown>>;

function isStored(value: unknown): value is StoredRelease {
  return (
    isRecord(value) &&
    typeof value["name"] === "string" &&
    typeof value["namespace"] === "string" &&
    typeof value["objectName"] === "string" &&
    typeof value["revision"] === "number"
  );
}

/** @throws KelpieError where `release` is none */
export function releaseParameter(parameters: Parameters): StoredRelease {
  const { release } = parameters;
  if (isStored(release)) return release;
  throw new KelpieError("this view needs a release and was opened without one");
}
