import { asRecords, asString, at, isRecord, type KubeObject } from "../../lib/kube/object.ts";
import { ageColumn, nameColumn, textColumn } from "../columns.ts";
import { defineKind } from "../kind.ts";

const TEMPLATE = `spec:
  # ingressClassName: nginx
  rules:
    - host: NAME.example.com
      http:
        paths:
          - path: /
            pathType: Prefix
            backend:
              service:
                name: NAME
                port:
                  number: 80
`;

export const ingresses = defineKind({
  gvr: { group: "networking.k8s.io", version: "v1", resource: "ingresses" },
  kind: "Ingress",
  aliases: ["ing"],
  namespaced: true,
  template: TEMPLATE,
  can: ["describe", "yaml", "edit", "delete"],
  columns: [
    nameColumn,
    textColumn("CLASS", (object) => asString(at(object, "spec", "ingressClassName"), "<none>"), { keep: 6 }),
    textColumn("HOSTS", hosts, { keep: 8, minWidth: 10 }),
    textColumn("ADDRESS", addresses, { keep: 7 }),
    textColumn("PORTS", (object) => (asRecords(at(object, "spec", "tls")).length > 0 ? "80, 443" : "80"), { keep: 5 }),
    textColumn("BACKENDS", backends, { keep: 4, minWidth: 10 }),
    ageColumn,
  ],
  drillDown: () => ({ to: "relations" }),
});

function hosts(object: KubeObject): string {
  const names = asRecords(at(object, "spec", "rules")).map((rule) => asString(rule["host"]) || "*");
  return names.length === 0 ? "*" : names.join(",");
}

function addresses(object: KubeObject): string {
  return asRecords(at(object, "status", "loadBalancer", "ingress"))
    .map((entry) => asString(entry["ip"]) || asString(entry["hostname"]))
    .join(",");
}

function backends(object: KubeObject): string {
  const all = asRecords(at(object, "spec", "rules"))
    .flatMap((rule) => asRecords(at(rule, "http", "paths")))
    .map((path) => backend(path["backend"]));
  const fallback = at(object, "spec", "defaultBackend");
  if (isRecord(fallback)) all.push(backend(fallback));
  return [...new Set(all)].join(",");
}

function backend(value: unknown): string {
  const service = asString(at(value, "service", "name"));
  if (service === "") return asString(at(value, "resource", "name"));
  const port = at(value, "service", "port", "number") ?? at(value, "service", "port", "name");
  return typeof port === "number" || typeof port === "string" ? `${service}:${port}` : service;
}
