// Written by scripts/gen.ts. Do not edit.
import type { KindDefinition } from "../kind.ts";
import { configmaps } from "./configmaps.ts";
import { deployments } from "./deployments.ts";
import { events } from "./events.ts";
import { namespaces } from "./namespaces.ts";
import { nodes } from "./nodes.ts";
import { pods } from "./pods.ts";
import { replicasets } from "./replicasets.ts";
import { secrets } from "./secrets.ts";
import { services } from "./services.ts";

export const kinds: readonly KindDefinition[] = [
  configmaps,
  deployments,
  events,
  namespaces,
  nodes,
  pods,
  replicasets,
  secrets,
  services,
];
