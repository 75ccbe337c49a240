import { asRecord, asString, at, type KubeObject } from "../../lib/kube/object.ts";
import { serveResource, type ServedResource } from "../machinery/served-resource.ts";
import { methodNotAllowed } from "../machinery/status-error.ts";
import { isAllowed } from "./authorization.ts";
import type { ResourceExchange, ServerContext } from "./exchange.ts";
import { sendJson } from "./response.ts";
import { requireBody } from "./write-handlers.ts";

const review = (group: string, kind: string): ServedResource =>
  serveResource({
    group,
    version: "v1",
    resource: `${kind.toLowerCase()}s`,
    kind,
    namespaced: false,
    verbs: ["create"],
  });

/** Questions about oneself: nothing of them is stored. */
export const reviewResources: readonly ServedResource[] = [
  review("authorization.k8s.io", "SelfSubjectAccessReview"),
  review("authorization.k8s.io", "SelfSubjectRulesReview"),
  review("authentication.k8s.io", "SelfSubjectReview"),
];

export async function handleReview(_context: ServerContext, exchange: ResourceExchange): Promise<void> {
  const { request, response, resource } = exchange;
  if (request.method !== "POST") throw methodNotAllowed(resource, request.method ?? "");
  const asked = await requireBody(exchange);
  const version = resource.group === "authentication.k8s.io" ? "authentication.k8s.io/v1" : "authorization.k8s.io/v1";
  sendJson(request, response, 201, {
    ...asked,
    kind: resource.kind,
    apiVersion: version,
    status: statusOf(exchange, asked),
  });
}

function statusOf(exchange: ResourceExchange, asked: KubeObject): unknown {
  const { user, resource } = exchange;
  if (resource.kind === "SelfSubjectReview") {
    return { userInfo: { username: user.name, ...(user.uid === "" ? {} : { uid: user.uid }), groups: user.groups } };
  }
  const everything = user.groups.includes("system:masters");
  if (resource.kind === "SelfSubjectRulesReview") {
    const own = [{ verbs: ["create"], apiGroups: ["authorization.k8s.io", "authentication.k8s.io"], resources: ["*"] }];
    return {
      resourceRules: everything ? [{ verbs: ["*"], apiGroups: ["*"], resources: ["*"] }] : own,
      nonResourceRules: everything ? [{ verbs: ["*"], nonResourceURLs: ["*"] }] : [],
      incomplete: false,
    };
  }
  const attributes = asRecord(at(asked, "spec", "resourceAttributes"));
  const allowed =
    everything ||
    isAllowed(user, {
      verb: asString(attributes["verb"]),
      gvr: {
        group: asString(attributes["group"]),
        version: asString(attributes["version"]),
        resource: asString(attributes["resource"]),
      },
      subresource: asString(attributes["subresource"]) || undefined,
      namespace: asString(attributes["namespace"]) || undefined,
      name: asString(attributes["name"]) || undefined,
    });
  return allowed ? { allowed } : { allowed, reason: "no role of this cluster grants it" };
}
