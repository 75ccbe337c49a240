import type { KubeObject } from "../../lib/kube/object.ts";
import { RESOURCES } from "../machinery/registry.ts";
import { isAlreadyExists, isNotFound } from "../machinery/status-error.ts";
import type { Controller, ControllerContext } from "./runtime/controller.ts";
import { isNamespaceTerminating } from "./runtime/pod-control.ts";
import { createWorkQueue } from "./runtime/work-queue.ts";

const SERVICE_ACCOUNT = "default";
const ROOT_CA = "kube-root-ca.crt";
const ROOT_CA_DESCRIPTION =
  "Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints such as the internal service IP or kubernetes.default.svc. No other usage is guaranteed across distributions of Kubernetes clusters.";

/**
 * Gives every namespace the service account `default` and, where a certificate is given, the config map
 * `kube-root-ca.crt` (pkg/controller/serviceaccount, pkg/controller/certificates/rootcacertpublisher). Both come back
 * when they are deleted.
 * @param rootCertificate PEM of the certificate authority that signed the API server's
 */
export function createServiceAccountController(
  context: ControllerContext,
  rootCertificate: string | undefined,
): Controller {
  const { registry, informers, clock, signal } = context;
  const namespaces = informers.get(RESOURCES.namespaces);
  const serviceAccounts = informers.get(RESOURCES.serviceaccounts);
  const configMaps = rootCertificate === undefined ? undefined : informers.get(RESOURCES.configmaps);
  const queue = createWorkQueue({
    name: "serviceaccount",
    clock,
    logger: context.logger.child("serviceaccount-controller"),
    signal,
    process: sync,
  });

  async function sync(name: string): Promise<void> {
    const namespace = namespaces.get(name);
    if (namespace === undefined || namespace.metadata.deletionTimestamp !== undefined) return;
    try {
      if (serviceAccounts.get(`${name}/${SERVICE_ACCOUNT}`) === undefined) await createServiceAccount(name);
      if (rootCertificate !== undefined) await publishCertificate(name, rootCertificate);
    } catch (error) {
      if (!isNamespaceTerminating(error) && !isAlreadyExists(error) && !isNotFound(error)) throw error;
    }
  }

  async function createServiceAccount(namespace: string): Promise<void> {
    const metadata = { name: SERVICE_ACCOUNT, namespace };
    try {
      await registry.create(RESOURCES.serviceaccounts, namespace, {
        apiVersion: "v1",
        kind: "ServiceAccount",
        metadata,
      });
    } catch (error) {
      if (!isAlreadyExists(error)) throw error;
    }
  }

  async function publishCertificate(namespace: string, certificate: string): Promise<void> {
    const known = configMaps?.get(`${namespace}/${ROOT_CA}`);
    const data = { "ca.crt": certificate };
    if (known === undefined) {
      const annotations = { "kubernetes.io/description": ROOT_CA_DESCRIPTION };
      const metadata = { name: ROOT_CA, namespace, annotations };
      await registry.create(RESOURCES.configmaps, namespace, { apiVersion: "v1", kind: "ConfigMap", metadata, data });
      return;
    }
    if (isCurrent(known, certificate)) return;
    await registry.update(RESOURCES.configmaps, { namespace, name: ROOT_CA }, { ...known, data });
  }

  const addNamespace = (object: KubeObject): void => queue.add(object.metadata.namespace ?? "");
  const addWhen = (name: string) => (object: KubeObject) => {
    if (object.metadata.name === name) addNamespace(object);
  };
  namespaces.listen({
    added: (namespace) => queue.add(namespace.metadata.name ?? ""),
    updated: (_old, namespace) => queue.add(namespace.metadata.name ?? ""),
  });
  serviceAccounts.listen({ deleted: addWhen(SERVICE_ACCOUNT) });
  configMaps?.listen({ updated: (_old, object) => addWhen(ROOT_CA)(object), deleted: addWhen(ROOT_CA) });
  return { start: () => queue.start() };
}

function isCurrent(configMap: KubeObject, certificate: string): boolean {
  const data = configMap["data"];
  return typeof data === "object" && data !== null && "ca.crt" in data && data["ca.crt"] === certificate;
}
