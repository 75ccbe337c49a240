import { KubeConfig, KubernetesObjectApi, type KubernetesObject } from "@kubernetes/client-node";
import { readFile } from "node:fs/promises";
import { parseYamlDocuments } from "../../src/lib/yaml.ts";

/** Creates every object of a YAML file with client-node, in `default` where it names no namespace. */
export async function createFromFile(kubeconfig: string, file: string): Promise<void> {
  const config = new KubeConfig();
  config.loadFromFile(kubeconfig);
  const api = KubernetesObjectApi.makeApiClient(config);
  for (const object of parseYamlDocuments(await readFile(file, "utf8"), file)) {
    // client-node fills in the namespace `default` itself.
    await api.create(object as KubernetesObject);
  }
}
