import { describe, expect, it } from "vitest";
import type { KubeObject } from "../../../src/lib/kube/object.ts";
import { buildNetworkTable } from "../../../src/embedded/net/network-table.ts";

const OPTIONS = {
  domain: "cluster.local",
  dnsAddress: "10.96.0.10",
  apiServer: { host: "127.0.0.1", port: 6443 },
} as const;

function service(name: string, spec: Readonly<Record<string, unknown>>): KubeObject {
  return { metadata: { name, namespace: "default" }, spec };
}

function slice(
  name: string,
  endpoints: readonly unknown[],
  ports: readonly unknown[] = [{ name: "http", port: 8080 }],
): KubeObject {
  const labels = { "kubernetes.io/service-name": name };
  return { metadata: { name: `${name}-abc`, namespace: "default", labels }, addressType: "IPv4", endpoints, ports };
}

const endpoint = (
  address: string,
  conditions: Readonly<Record<string, boolean>> = { ready: true },
  hostname?: string,
) => ({
  addresses: [address],
  conditions,
  hostname,
});
const HTTP = { name: "http", port: 80, protocol: "TCP" };

describe("listeners", () => {
  it("lead from a cluster address and a node port to the ready endpoints of the port's name", () => {
    const services = [service("web", { clusterIP: "10.96.0.80", ports: [{ ...HTTP, nodePort: 30_080 }] })];
    const slices = [
      slice("web", [endpoint("10.244.0.2"), endpoint("10.244.0.3", { ready: false })]),
      slice("web", [endpoint("10.244.0.4", {})]),
      slice("web", [endpoint("10.244.0.5")], [{ name: "metrics", port: 9090 }]),
      slice("other", [endpoint("10.244.0.6")]),
    ];
    const backends = [
      { host: "10.244.0.2", port: 8080 },
      { host: "10.244.0.4", port: 8080 },
    ];
    expect(buildNetworkTable(services, slices, OPTIONS).listeners).toEqual([
      { address: "10.96.0.80", port: 80, protocol: "TCP", backends, sticky: false },
      { address: "0.0.0.0", port: 30_080, protocol: "TCP", backends, sticky: false },
    ]);
  });

  it("fall back to endpoints that end but still serve", () => {
    const services = [service("web", { clusterIP: "10.96.0.80", ports: [HTTP], sessionAffinity: "ClientIP" })];
    const slices = [
      slice("web", [
        endpoint("10.244.0.2", { ready: false, serving: true, terminating: true }),
        endpoint("10.244.0.3", { ready: false, serving: false, terminating: true }),
      ]),
    ];
    const [listener] = buildNetworkTable(services, slices, OPTIONS).listeners;
    expect(listener).toMatchObject({ backends: [{ host: "10.244.0.2", port: 8080 }], sticky: true });
  });

  it("lead the service of the API server to this machine", () => {
    const services = [service("kubernetes", { clusterIP: "10.96.0.1", ports: [{ name: "https", port: 443 }] })];
    const [listener] = buildNetworkTable(services, [], OPTIONS).listeners;
    expect(listener?.backends).toEqual([OPTIONS.apiServer]);
  });

  it("are none for headless services, external names and SCTP", () => {
    const services = [
      service("headless", { clusterIP: "None", ports: [HTTP] }),
      service("outside", { type: "ExternalName", externalName: "Example.com" }),
      service("sctp", { clusterIP: "10.96.0.9", ports: [{ ...HTTP, protocol: "SCTP" }] }),
    ];
    expect(buildNetworkTable(services, [], OPTIONS).listeners).toEqual([]);
  });
});

describe("names", () => {
  it("of a headless service are those of its ready endpoints, one by one and together", () => {
    const services = [service("db", { clusterIP: "None", ports: [HTTP] })];
    const slices = [
      slice("db", [
        endpoint("10.244.0.2", { ready: true }, "db-0"),
        endpoint("10.244.0.3"),
        endpoint("10.244.0.4", { ready: false }),
      ]),
    ];
    const { zone } = buildNetworkTable(services, slices, OPTIONS);
    expect(zone.addresses).toEqual({
      "db.default.svc.cluster.local": ["10.244.0.2", "10.244.0.3"],
      "db-0.db.default.svc.cluster.local": ["10.244.0.2"],
      "10-244-0-3.db.default.svc.cluster.local": ["10.244.0.3"],
    });
    expect(zone.services["_http._tcp.db.default.svc.cluster.local"]).toEqual([
      { port: 8080, target: "db-0.db.default.svc.cluster.local" },
      { port: 8080, target: "10-244-0-3.db.default.svc.cluster.local" },
    ]);
  });

  it("count endpoints that are not ready when the service publishes them", () => {
    const services = [service("db", { clusterIP: "None", publishNotReadyAddresses: true })];
    const { zone } = buildNetworkTable(services, [slice("db", [endpoint("10.244.0.4", { ready: false })])], OPTIONS);
    expect(zone.addresses["db.default.svc.cluster.local"]).toEqual(["10.244.0.4"]);
  });

  it("of a service with an address are that address, its ports and the way back", () => {
    const { zone } = buildNetworkTable([service("web", { clusterIP: "10.96.0.80", ports: [HTTP] })], [], OPTIONS);
    expect(zone).toMatchObject({
      addresses: { "web.default.svc.cluster.local": ["10.96.0.80"] },
      services: { "_http._tcp.web.default.svc.cluster.local": [{ port: 80, target: "web.default.svc.cluster.local" }] },
      names: { "10.96.0.80": "web.default.svc.cluster.local" },
    });
  });

  it("outside the cluster are aliases", () => {
    const { zone } = buildNetworkTable(
      [service("ext", { type: "ExternalName", externalName: "Example.com" })],
      [],
      OPTIONS,
    );
    expect(zone.aliases).toEqual({ "ext.default.svc.cluster.local": "example.com" });
  });
});
