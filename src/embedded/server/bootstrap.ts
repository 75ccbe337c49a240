import { isAlreadyExists, isNotFound } from "../machinery/status-error.ts";
import { RESOURCES, type Registry } from "../machinery/registry.ts";
import type { KubeObject } from "../../lib/kube/object.ts";
import type { Gvr } from "../../lib/kube/gvr.ts";

const NAMESPACES = ["default", "kube-system", "kube-public", "kube-node-lease"];
export const API_SERVICE_ADDRESS = "10.96.0.1";
export const DNS_SERVICE_ADDRESS = "10.96.0.10";

/** Creates the namespaces that every cluster has; existing ones stay. */
export async function bootstrapNamespaces(registry: Registry): Promise<void> {
  await Promise.all(
    NAMESPACES.map((name) => createUnlessThere(registry, RESOURCES.namespaces, "", { metadata: { name } })),
  );
}

/**
 * The services that every cluster has: `kubernetes`, with the API server as its endpoint, and `kube-dns`.
 * @param port of the API server on 127.0.0.1
 */
export async function bootstrapServices(registry: Registry, port: number): Promise<void> {
  const service = (name: string, labels: Record<string, string>, spec: Record<string, unknown>): KubeObject => ({
    apiVersion: "v1",
    kind: "Service",
    metadata: { name, labels },
    spec,
  });
  const api = service(
    "kubernetes",
    { component: "apiserver", provider: "kubernetes" },
    {
      clusterIP: API_SERVICE_ADDRESS,
      ports: [{ name: "https", port: 443, protocol: "TCP", targetPort: port }],
    },
  );
  const dns = service(
    "kube-dns",
    { "k8s-app": "kube-dns", "kubernetes.io/cluster-service": "true", "kubernetes.io/name": "kelpie-dns" },
    {
      clusterIP: DNS_SERVICE_ADDRESS,
      ports: [
        { name: "dns", port: 53, protocol: "UDP", targetPort: 53 },
        { name: "dns-tcp", port: 53, protocol: "TCP", targetPort: 53 },
      ],
    },
  );
  await Promise.all([
    createUnlessThere(registry, RESOURCES.services, "default", api),
    createUnlessThere(registry, RESOURCES.services, "kube-system", dns),
  ]);
  await publishApiEndpoints(registry, port);
}

/** The port may be another one than last time. */
async function publishApiEndpoints(registry: Registry, port: number): Promise<void> {
  const key = { namespace: "default", name: "kubernetes" };
  const endpoints = {
    apiVersion: "v1",
    kind: "Endpoints",
    metadata: { ...key, labels: { "endpointslice.kubernetes.io/skip-mirror": "true" } },
    subsets: [{ addresses: [{ ip: "127.0.0.1" }], ports: [{ name: "https", port, protocol: "TCP" }] }],
  };
  const slice = {
    apiVersion: "discovery.k8s.io/v1",
    kind: "EndpointSlice",
    metadata: { ...key, labels: { "kubernetes.io/service-name": "kubernetes" } },
    addressType: "IPv4",
    endpoints: [{ addresses: ["127.0.0.1"], conditions: { ready: true } }],
    ports: [{ name: "https", port, protocol: "TCP" }],
  };
  await Promise.all([
    replace(registry, RESOURCES.endpoints, "default", endpoints),
    replace(registry, RESOURCES.endpointslices, "default", slice),
  ]);
}

async function replace(registry: Registry, resource: Gvr, namespace: string, object: KubeObject): Promise<void> {
  try {
    await registry.update(resource, { namespace, name: object.metadata.name ?? "" }, object);
  } catch (error) {
    if (!isNotFound(error)) throw error;
    await createUnlessThere(registry, resource, namespace, object);
  }
}

async function createUnlessThere(
  registry: Registry,
  resource: Gvr,
  namespace: string,
  object: KubeObject,
): Promise<void> {
  try {
    await registry.create(resource, namespace, object);
  } catch (error) {
    if (!isAlreadyExists(error)) throw error;
  }
}
