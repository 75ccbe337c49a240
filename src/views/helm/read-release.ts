import type { Cluster } from "../../cluster/cluster.ts";
import { KelpieError } from "../../lib/errors.ts";
import type { ApiResource } from "../../lib/kube/gvr.ts";
import { at } from "../../lib/kube/object.ts";
import { unpackRelease, type ReleaseBody } from "../../resources/helm/release-body.ts";
import type { ReleaseDriver, StoredRelease } from "../../resources/helm/stored-release.ts";

/** The resource whose objects hold releases. @throws KelpieError where the server has not told of it */
export function releaseResource(cluster: Cluster, driver: ReleaseDriver): ApiResource {
  const found = cluster.catalog.get().resources.find((each) => each.group === "" && each.resource === driver);
  if (found === undefined) throw new KelpieError(`the server has not told that it serves ${driver}`);
  return found;
}

/**
 * Reads one revision of a release from the cluster.
 * @throws KelpieError where it is gone, or another object has its name by now
 */
export async function readRelease(cluster: Cluster, stored: StoredRelease): Promise<ReleaseBody> {
  const { driver, namespace, objectName, uid } = stored;
  const resource = releaseResource(cluster, driver);
  const object = await cluster.get({ resource, namespace, name: objectName });
  if (uid !== undefined && object.metadata.uid !== uid) {
    throw new KelpieError(`${driver} ${objectName} was deleted and made anew meanwhile`);
  }
  try {
    return await unpackRelease(driver, at(object, "data", "release"));
  } catch (error) {
    throw new KelpieError(`${driver} ${objectName}: ${error instanceof Error ? error.message : ""}`, { cause: error });
  }
}
