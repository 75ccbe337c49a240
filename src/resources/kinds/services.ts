import { asArray, asString, at, objectPath, type KubeObject } from "../../lib/kube/object.ts";
import { addressKey, ageColumn, joinColumn, nameColumn, querySelector, selectorText, textColumn } from "../columns.ts";
import type { Joined } from "../joins/joins.ts";
import type { Tone } from "../kind.ts";
import { defineKind } from "../kind.ts";
import { podsBySelector } from "../pods-behind.ts";
import { serviceExternalAddress, servicePorts } from "../service-address.ts";

const TEMPLATE = `spec:
  # ClusterIP, NodePort, LoadBalancer or ExternalName
  type: ClusterIP
  selector:
    app: NAME
  ports:
    - name: http
      port: 80
      targetPort: 80
`;

export const services = defineKind({
  gvr: { group: "", version: "v1", resource: "services" },
  kind: "Service",
  aliases: ["svc"],
  namespaced: true,
  template: TEMPLATE,
  can: ["describe", "yaml", "used-by", "edit", "delete", "logs", "port-forward"],
  columns: [
    nameColumn,
    textColumn("TYPE", (object) => asString(at(object, "spec", "type"), "ClusterIP"), { keep: 7 }),
    textColumn("CLUSTER-IP", (object) => asString(at(object, "spec", "clusterIP")) || "<none>", {
      keep: 7,
      sortKey: (object) => addressKey(asString(at(object, "spec", "clusterIP"))),
    }),
    textColumn("EXTERNAL-IP", (object) => serviceExternalAddress(object), { keep: 5 }),
    textColumn("PORT(S)", (object) => servicePorts(object), { keep: 7, minWidth: 8 }),
    joinColumn(
      "ENDPOINTS",
      "endpoints",
      {
        text: (value, object) => {
          const { ready, total } = endpointCount(object, value);
          return hasEndpoints(object) ? `${ready}/${total}` : "-";
        },
        sortKey: (value, object) => {
          const { ready, total } = endpointCount(object, value);
          return total === 0 ? 0 : ready / total;
        },
        tone: (value, object) => endpointTone(object, endpointCount(object, value)),
      },
      { keep: 7 },
    ),
    ageColumn,
    textColumn("SELECTOR", (object) => selectorText(at(object, "spec", "selector")), { wide: true, minWidth: 10 }),
  ],
  tone: (object, context) => {
    const endpoints = context.joined?.("endpoints", objectPath(object));
    if (endpoints?.state === "known") {
      const tone = endpointTone(object, endpointCount(object, endpoints.value));
      if (tone === "warning") return tone;
    }
    return serviceExternalAddress(object) === "<pending>" ? "progress" : "ok";
  },
  drillDown: (object) => podsBySelector(object, at(object, "spec", "selector")),
  podSelector: (object) => querySelector(at(object, "spec", "selector")),
});

/** The endpoints of a service's first IP family: a second one has the same pods. */
function endpointCount(
  object: KubeObject,
  byType: Joined["endpoints"],
): { readonly ready: number; readonly total: number } {
  const family = asString(asArray(at(object, "spec", "ipFamilies"))[0]);
  return byType[family] ?? Object.values(byType)[0] ?? { ready: 0, total: 0 };
}

function hasEndpoints(object: KubeObject): boolean {
  return at(object, "spec", "type") !== "ExternalName";
}

/** Traffic that nobody takes is a fault, unless nobody was chosen to take it. */
function endpointTone(object: KubeObject, { ready, total }: { ready: number; total: number }): Tone | undefined {
  if (!hasEndpoints(object)) return "muted";
  if (ready === 0) return querySelector(at(object, "spec", "selector")) === undefined ? "muted" : "warning";
  return ready < total ? "progress" : undefined;
}
