import type { Cluster } from "../../../cluster/cluster.ts";
import type { TargetObject } from "../../../hotkeys/action.ts";
import { KelpieError } from "../../../lib/errors.ts";
import type { ApiResource } from "../../../lib/kube/gvr.ts";
import type { KubeObject } from "../../../lib/kube/object.ts";
import { packRelease, type ReleaseBody } from "../../../resources/helm/release-body.ts";
import {
  RELEASE_SECRET_TYPE,
  releaseObjectName,
  releaseSelector,
  storedRelease,
  type StoredRelease,
} from "../../../resources/helm/stored-release.ts";
import { readRelease, releaseResource } from "../../../views/helm/read-release.ts";

type Info = Readonly<Record<string, unknown>>;

/** Reads and writes the revisions of one release as helm keeps them: helm/pkg/storage/driver/{secrets,cfgmaps}.go. */
export class ReleaseStore {
  readonly #cluster: Cluster;
  readonly #resource: ApiResource;
  readonly #release: StoredRelease;
  /** Seconds since the epoch, as in helm's labels. */
  readonly #now: () => number;

  constructor(cluster: Cluster, release: StoredRelease, now: () => number) {
    this.#cluster = cluster;
    this.#release = release;
    this.#resource = releaseResource(cluster, release.driver);
    this.#now = () => Math.floor(now() / 1000);
  }

  /** Whether an object is one of those that hold the revisions of this release. */
  holds(target: { readonly resource: ApiResource; readonly namespace: string; readonly name: string }): boolean {
    const { namespace, name } = this.#release;
    return (
      target.resource.group === "" &&
      target.resource.resource === this.#resource.resource &&
      target.namespace === namespace &&
      target.name.startsWith(releaseObjectName(name, 0).slice(0, -1))
    );
  }

  /** The object that holds a revision, as dialogs list it. */
  target({ namespace, objectName: name, uid }: StoredRelease): TargetObject {
    return { resource: this.#resource, namespace, name, uid, object: { metadata: { name, namespace } } };
  }

  /** What becomes of a revision, in a line of a dialog. */
  line(what: string, { namespace }: StoredRelease, revision: number): string {
    return `${what} ${this.#resource.kind} ${namespace}/${releaseObjectName(this.#release.name, revision)}`;
  }

  /**
   * Every revision there is now, newest first.
   * @throws KelpieError where the newest is not the one that was on screen
   */
  async revisions(): Promise<readonly [StoredRelease, ...StoredRelease[]]> {
    const { driver, namespace, name, revision, uid } = this.#release;
    const objects = await this.#cluster.list(this.#resource, { namespace, labelSelector: releaseSelector(name) });
    const [newest, ...others] = objects
      .flatMap((object) => storedRelease(driver, object) ?? [])
      .sort((left, right) => right.revision - left.revision);
    if (newest === undefined) throw new KelpieError("it is gone: somebody uninstalled it");
    if (newest.revision !== revision || (uid !== undefined && newest.uid !== uid)) {
      throw new KelpieError(`revision ${newest.revision} (${newest.status}) came meanwhile`, { hint: "Look again." });
    }
    return [newest, ...others];
  }

  read(stored: StoredRelease): Promise<ReleaseBody> {
    return readRelease(this.#cluster, stored);
  }

  /** Keeps a new revision, made of another one with other words about it. */
  async create(from: StoredRelease, body: ReleaseBody, revision: number, info: Info): Promise<StoredRelease> {
    const { driver, namespace, name } = this.#release;
    const release = await packRelease(driver, body.with({ info, revision }));
    const status = String(info["status"]);
    const labels = { ...from.labels, createdAt: String(this.#now()), name, owner: "helm", status };
    const object: KubeObject = {
      apiVersion: "v1",
      kind: this.#resource.kind,
      metadata: {
        name: releaseObjectName(name, revision),
        namespace,
        labels: { ...labels, version: String(revision) },
      },
      data: { release },
      ...(driver === "secrets" ? { type: RELEASE_SECRET_TYPE } : {}),
    };
    const made = await this.#cluster.writes.create(this.#resource, namespace, object);
    const stored = storedRelease(driver, made);
    if (stored === undefined) throw new KelpieError("the server kept the new revision without its labels");
    return stored;
  }

  /** Writes other words about a revision. */
  async update(stored: StoredRelease, body: ReleaseBody, info: Info, revision = stored.revision): Promise<void> {
    const release = await packRelease(stored.driver, body.with({ info, revision }));
    const labels = { status: String(info["status"]), modifiedAt: String(this.#now()) };
    const target = this.target(stored);
    await this.#cluster.writes.patch(target, "merge", { metadata: { labels }, data: { release } }, { verb: "update" });
  }

  /** Marks the deployed ones of some revisions as superseded. */
  async supersede(revisions: readonly StoredRelease[]): Promise<void> {
    for (const stored of revisions) {
      if (stored.status !== "deployed") continue;
      const body = await this.read(stored);
      await this.update(stored, body, { ...body.info, status: "superseded" });
    }
  }

  async remove(stored: StoredRelease): Promise<void> {
    await this.#cluster.writes.delete(this.target(stored));
  }
}
