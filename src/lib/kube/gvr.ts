/** Group, version and resource: what a path of the API names. The core group is `""`. */
export interface Gvr {
  readonly group: string;
  readonly version: string;
  /** Plural, lower case: `pods`. */
  readonly resource: string;
}

/** What discovery says of one resource. */
export interface ApiResource extends Gvr {
  readonly kind: string;
  readonly singular: string;
  readonly namespaced: boolean;
  readonly verbs: readonly string[];
  readonly shortNames: readonly string[];
  readonly categories: readonly string[];
  /** Names after the slash: `status`, `scale`, `log`. */
  readonly subresources: readonly string[];
}

/** `pod`: what one object is called. Some servers leave `singular` empty. */
export function singularName(resource: { readonly singular: string; readonly resource: string }): string {
  return resource.singular || resource.resource;
}

/** `apps/v1`, or `v1` for the core group: what `apiVersion` holds. */
export function apiVersionOf(gvr: { readonly group: string; readonly version: string }): string {
  return gvr.group === "" ? gvr.version : `${gvr.group}/${gvr.version}`;
}

export function parseApiVersion(apiVersion: string): { readonly group: string; readonly version: string } {
  const slash = apiVersion.indexOf("/");
  return slash === -1
    ? { group: "", version: apiVersion }
    : { group: apiVersion.slice(0, slash), version: apiVersion.slice(slash + 1) };
}

/** `deployments.apps`, or `pods` for the core group: how messages of the API name a resource. */
export function groupResource(gvr: { readonly group: string; readonly resource: string }): string {
  return gvr.group === "" ? gvr.resource : `${gvr.resource}.${gvr.group}`;
}

/** A key that is unique for a GVR: `apps/v1/deployments`, `v1/pods`. */
export function gvrKey(gvr: Gvr): string {
  return `${apiVersionOf(gvr)}/${gvr.resource}`;
}

/** The path of a collection, an object or a subresource on the API server, without a query. Names are escaped. */
export function apiPath(
  gvr: Gvr,
  options: {
    readonly namespace?: string | undefined;
    readonly name?: string | undefined;
    readonly subresource?: string | undefined;
  } = {},
): string {
  const root = gvr.group === "" ? `/api/${gvr.version}` : `/apis/${gvr.group}/${gvr.version}`;
  const { namespace, name, subresource } = options;
  let path = root;
  if (namespace !== undefined && namespace !== "") path += `/namespaces/${encodeURIComponent(namespace)}`;
  path += `/${gvr.resource}`;
  if (name !== undefined) path += `/${encodeURIComponent(name)}`;
  if (subresource !== undefined) path += `/${subresource}`;
  return path;
}
