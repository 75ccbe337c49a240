import { UsageError } from "../../lib/errors.ts";
import { createEmbeddedProvider } from "./embedded.ts";
import type { ClusterProvider } from "./provider.ts";

/**
 * The provider with an id.
 * @param dataDirectory where local clusters keep their state
 * @throws UsageError where there is none
 */
export function providerById(id: string, dataDirectory: string): ClusterProvider {
  if (id === "embedded") return createEmbeddedProvider(dataDirectory);
  throw new UsageError(`unknown provider "${id}"`, { hint: "The provider this version has is: embedded." });
}
