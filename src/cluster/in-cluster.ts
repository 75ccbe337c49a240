import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Kubeconfig } from "./kubeconfig.ts";

const SERVICE_ACCOUNT = "/var/run/secrets/kubernetes.io/serviceaccount";
const NAME = "in-cluster";

/** The configuration of a process in a pod, from its service account; `undefined` outside of one. */
export async function loadInCluster(
  env: Readonly<Record<string, string | undefined>>,
  directory: string = SERVICE_ACCOUNT,
): Promise<Kubeconfig | undefined> {
  const host = env["KUBERNETES_SERVICE_HOST"] ?? "";
  const port = env["KUBERNETES_SERVICE_PORT"] ?? "";
  if (host === "" || port === "") return undefined;
  const namespace = await readFile(join(directory, "namespace"), "utf8").catch(() => undefined);
  if (namespace === undefined) return undefined;
  return {
    files: [],
    currentContext: NAME,
    contexts: new Map([[NAME, { name: NAME, cluster: NAME, user: NAME, namespace: namespace.trim() || "default" }]]),
    clusters: new Map([
      [
        NAME,
        {
          name: NAME,
          server: `https://${host.includes(":") ? `[${host}]` : host}:${port}`,
          certificateAuthority: { file: join(directory, "ca.crt") },
          insecureSkipTlsVerify: false,
        },
      ],
    ]),
    users: new Map([
      [
        NAME,
        {
          name: NAME,
          clientCertificate: {},
          clientKey: {},
          tokenFile: join(directory, "token"),
          impersonate: { groups: [], extra: {} },
        },
      ],
    ]),
  };
}
