import { apiVersionOf, gvrKey, type Gvr } from "../../lib/kube/gvr.ts";
import type { ServedResource } from "../machinery/served-resource.ts";
import { pathNotFound } from "../machinery/status-error.ts";

/** The served resources by path and by kind. */
export class ResourceTable {
  readonly all: readonly ServedResource[];
  readonly #byGvr: ReadonlyMap<string, ServedResource>;
  readonly #byKind: ReadonlyMap<string, ServedResource>;

  constructor(resources: readonly ServedResource[]) {
    this.all = resources;
    this.#byGvr = new Map(resources.map((resource) => [gvrKey(resource), resource]));
    this.#byKind = new Map(resources.map((resource) => [`${apiVersionOf(resource)} ${resource.kind}`, resource]));
  }

  find(gvr: Gvr): ServedResource | undefined {
    return this.#byGvr.get(gvrKey(gvr));
  }

  /** @throws StatusError 404 where nothing is served */
  get(gvr: Gvr): ServedResource {
    const found = this.find(gvr);
    if (found === undefined) throw pathNotFound();
    return found;
  }

  forKind(apiVersion: string, kind: string): ServedResource | undefined {
    return this.#byKind.get(`${apiVersion} ${kind}`);
  }
}
