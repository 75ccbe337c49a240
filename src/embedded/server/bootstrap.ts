import { isAlreadyExists } from "../machinery/status-error.ts";
import { RESOURCES, type Registry } from "../machinery/registry.ts";

const NAMESPACES = ["default", "kube-system", "kube-public", "kube-node-lease"];

/** Creates the namespaces that every cluster has; existing ones stay. */
export async function bootstrapNamespaces(registry: Registry): Promise<void> {
  await Promise.all(
    NAMESPACES.map(async (name) => {
      try {
        await registry.create(RESOURCES.namespaces, "", { metadata: { name } });
      } catch (error) {
        if (!isAlreadyExists(error)) throw error;
      }
    }),
  );
}
