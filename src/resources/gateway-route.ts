import { asArray, asRecords, asString, at, type KubeObject } from "../lib/kube/object.ts";
import { ageColumn, nameColumn, textColumn } from "./columns.ts";
import { conditionOf, conditionsTone, trueTone } from "./conditions.ts";
import type { Column, KindDefinition, Tone } from "./kind.ts";

export const GATEWAY_GROUP = "gateway.networking.k8s.io";

/** The kinds that route traffic from a gateway, by their resources. */
export const GATEWAY_ROUTES = ["httproutes", "grpcroutes", "tlsroutes", "tcproutes", "udproutes"] as const;

/** A route of the Gateway API: what it matches, where it hangs and where it leads. */
export function routeKind(
  route: { readonly resource: string; readonly kind: string; readonly version: string; readonly hostnames: boolean },
  ...aliases: readonly string[]
): KindDefinition {
  const { resource, kind, version } = route;
  return {
    gvr: { group: GATEWAY_GROUP, version, resource },
    kind,
    aliases,
    namespaced: true,
    can: ["describe", "yaml", "edit", "delete"],
    columns: [
      nameColumn,
      ...(route.hostnames ? [textColumn("HOSTNAMES", hostnames, { keep: 8, minWidth: 10 })] : []),
      textColumn("PARENTS", parents, { keep: 6, minWidth: 8 }),
      textColumn("BACKENDS", (object) => backends(object).join(","), { keep: 6, minWidth: 8 }),
      conditionColumn("ACCEPTED", "Accepted", 8),
      conditionColumn("RESOLVED", "ResolvedRefs", 7),
      ageColumn,
    ],
    tone: (object) => routeTone(object),
    drillDown: () => ({ to: "relations" }),
  };
}

function hostnames(object: KubeObject): string {
  const names = asArray(at(object, "spec", "hostnames")).map((name) => asString(name));
  return names.length === 0 ? "*" : names.join(",");
}

function parents(object: KubeObject): string {
  return asRecords(at(object, "spec", "parentRefs"))
    .map((parent) => {
      const namespace = asString(parent["namespace"]);
      const section = asString(parent["sectionName"]);
      const name = namespace === "" ? asString(parent["name"]) : `${namespace}/${asString(parent["name"])}`;
      return section === "" ? name : `${name}:${section}`;
    })
    .join(",");
}

/** Every reference to a backend, mirrors of filters not counted, as `service:port`; each once. */
function backends(object: KubeObject): readonly string[] {
  const all = asRecords(at(object, "spec", "rules"))
    .flatMap((rule) => asRecords(rule["backendRefs"]))
    .map((backend) => {
      const { port } = backend;
      const name = asString(backend["name"]);
      return typeof port === "number" ? `${name}:${port}` : name;
    });
  return [...new Set(all)];
}

/** A condition over all parents: the worst of them; `Unknown` where no controller has looked at the route. */
function conditionColumn(title: string, type: string, keep: number): Column {
  const status = (object: KubeObject): string => {
    const all = asRecords(at(object, "status", "parents")).map((parent) =>
      asString(conditionOf(parent, type)?.["status"], "Unknown"),
    );
    return all.find((one) => one === "False") ?? all.find((one) => one !== "True") ?? all[0] ?? "Unknown";
  };
  return textColumn(title, status, { keep, tone: (object) => trueTone(status(object)) });
}

function routeTone(object: KubeObject): Tone {
  if (object.metadata.deletionTimestamp !== undefined) return "muted";
  const tones = asRecords(at(object, "status", "parents")).map((parent) => conditionsTone(parent["conditions"]));
  // Without a parent that answers, nothing routes by it.
  return tones.length === 0 ? "warning" : (tones.find((tone) => tone !== "ok") ?? "ok");
}
