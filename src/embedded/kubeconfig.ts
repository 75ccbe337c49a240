import { toYaml } from "../lib/yaml.ts";
import type { ClusterPki } from "./pki/cluster-pki.ts";

/** The name of context, cluster and user of a local cluster: `kelpie` for the default one. */
export function contextName(cluster: string): string {
  return cluster === "kelpie" ? cluster : `kelpie-${cluster}`;
}

/** A kubeconfig with everything inline. */
export function clusterKubeconfig(cluster: string, port: number, pki: Pick<ClusterPki, "ca" | "admin">): string {
  const name = contextName(cluster);
  const base64 = (text: string): string => Buffer.from(text).toString("base64");
  return toYaml({
    apiVersion: "v1",
    kind: "Config",
    "current-context": name,
    clusters: [
      {
        name,
        cluster: {
          "certificate-authority-data": base64(pki.ca.certificate),
          server: `https://127.0.0.1:${port}`,
        },
      },
    ],
    contexts: [{ name, context: { cluster: name, user: name } }],
    users: [
      {
        name,
        user: {
          "client-certificate-data": base64(pki.admin.certificate),
          "client-key-data": base64(pki.admin.key),
        },
      },
    ],
  });
}
