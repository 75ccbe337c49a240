import { humanDuration } from "../../lib/age.ts";
import { asNumber, asRecords, asString, at, type KubeObject } from "../../lib/kube/object.ts";
import { ageColumn, nameColumn, textColumn } from "../columns.ts";
import type { Tone } from "../kind.ts";
import { defineKind } from "../kind.ts";

export const certificatesigningrequests = defineKind({
  gvr: { group: "certificates.k8s.io", version: "v1", resource: "certificatesigningrequests" },
  kind: "CertificateSigningRequest",
  aliases: ["csr"],
  namespaced: false,
  can: ["describe", "yaml", "edit", "delete", "approve"],
  columns: [
    nameColumn,
    ageColumn,
    textColumn("SIGNERNAME", (object) => asString(at(object, "spec", "signerName")), { keep: 6 }),
    textColumn("REQUESTOR", (object) => asString(at(object, "spec", "username")), { keep: 8 }),
    textColumn("REQUESTEDDURATION", duration, { keep: 4 }),
    textColumn("CONDITION", condition, { keep: 9, tone: (object) => tone(object) }),
  ],
  tone: (object) => tone(object),
  drillDown: () => ({ to: "describe" }),
});

function duration(object: KubeObject): string {
  const seconds = asNumber(at(object, "spec", "expirationSeconds"));
  return seconds === 0 ? "<none>" : humanDuration(seconds * 1000);
}

/** CONDITION as `extractCSRStatus` of kubernetes/pkg/printers/internalversion/printers.go: `Approved,Issued`. */
function condition(object: KubeObject): string {
  const types = new Set(asRecords(at(object, "status", "conditions")).map((one) => asString(one["type"])));
  // Denied is told before Approved: a request that was both is refused.
  let words = types.has("Denied") ? "Denied" : types.has("Approved") ? "Approved" : "Pending";
  if (types.has("Failed")) words += ",Failed";
  return asString(at(object, "status", "certificate")) === "" ? words : `${words},Issued`;
}

function tone(object: KubeObject): Tone {
  const words = condition(object);
  if (words.includes("Failed")) return "error";
  if (words.startsWith("Denied")) return "muted";
  return words.endsWith("Issued") ? "ok" : "progress";
}
