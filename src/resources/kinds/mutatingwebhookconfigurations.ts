import { defineKind } from "../kind.ts";
import { webhookColumns } from "../webhooks.ts";

export const mutatingwebhookconfigurations = defineKind({
  gvr: { group: "admissionregistration.k8s.io", version: "v1", resource: "mutatingwebhookconfigurations" },
  kind: "MutatingWebhookConfiguration",
  aliases: ["mwc"],
  namespaced: false,
  can: ["describe", "yaml", "edit", "delete"],
  columns: webhookColumns,
  drillDown: () => ({ to: "relations" }),
});
