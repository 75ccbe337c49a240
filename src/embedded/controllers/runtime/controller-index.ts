import { controllerOf } from "../../../lib/kube/object.ts";
import type { Informer } from "./informer.ts";

/** Index by the uid of what controls an object; `""` holds the orphans. */
export const BY_CONTROLLER = "controller";

export function indexByController(informer: Informer): void {
  informer.addIndex(BY_CONTROLLER, (object) => [controllerOf(object)?.uid ?? ""]);
}
