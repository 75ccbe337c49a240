import { defineKind } from "../kind.ts";
import { webhookColumns } from "../webhooks.ts";

export const validatingwebhookconfigurations = defineKind({
  gvr: { group: "admissionregistration.k8s.io", version: "v1", resource: "validatingwebhookconfigurations" },
  kind: "ValidatingWebhookConfiguration",
  aliases: ["vwc"],
  namespaced: false,
  can: ["describe", "yaml", "edit", "delete"],
  columns: webhookColumns,
  drillDown: () => ({ to: "relations" }),
});
