import { asRecord, asRecords, asString, at, type KubeObject } from "../../lib/kube/object.ts";
import { parseCron } from "../../lib/cron.ts";
import { errorMessage } from "../../lib/errors.ts";
import { parseQuantity } from "../../lib/quantity.ts";
import type { RelatedQuery } from "../related-query.ts";
import { scalarText } from "../scalar-text.ts";
import { sortedEntries } from "../sorted-entries.ts";
import { conditionsFindings, heldFindings } from "./condition-findings.ts";
import { finding, type DiagnosisInput, type Finding } from "./finding.ts";

/** What of a ResourceQuota is used up. */
export function quotaFindings({ object }: DiagnosisInput): readonly Finding[] {
  const used = asRecord(at(object, "status", "used"));
  const full = sortedEntries(asRecord(at(object, "status", "hard"))).filter(([name, hard]) => {
    const most = parseQuantity(hard);
    return most !== undefined && (parseQuantity(used[name]) ?? 0) >= most;
  });
  return full.map(([name, hard]) =>
    finding(
      "warning",
      `${name} is used up: ${scalarText(used[name])} of ${scalarText(hard)}; what needs more is refused`,
      "raise the quota, or delete what is not needed",
    ),
  );
}

/** Conditions by which the namespace controller tells what is left of a namespace, what tells most first. */
const REMAINS = [
  "NamespaceFinalizersRemaining",
  "NamespaceContentRemaining",
  "NamespaceDeletionDiscoveryFailure",
  "NamespaceDeletionGroupVersionParsingFailure",
  "NamespaceDeletionContentFailure",
];

/** What keeps a namespace from being gone. */
export function namespaceFindings({ object }: DiagnosisInput): readonly Finding[] {
  if (at(object, "status", "phase") !== "Terminating") return [];
  const conditions = asRecords(at(object, "status", "conditions"));
  const held = REMAINS.flatMap((type) => {
    const condition = conditions.find((one) => one["type"] === type && one["status"] === "True");
    if (condition === undefined) return [];
    const advice =
      type === "NamespaceFinalizersRemaining"
        ? "whoever set those finalizers must remove them: look for their controllers"
        : type === "NamespaceDeletionDiscoveryFailure"
          ? "an API does not answer: `:apiservices` shows which"
          : undefined;
    return [finding("error", `it is being deleted and not gone: ${asString(condition["message"])}`, advice)];
  });
  return held.length > 0 ? held : heldFindings(object);
}

/** Why a CronJob starts no jobs. */
export function cronFindings(input: DiagnosisInput): readonly Finding[] {
  const { object } = input;
  if (at(object, "spec", "suspend") === true)
    return [finding("warning", "it is suspended: it starts no jobs", "`s` resumes it")];
  const [schedule, timeZone] = [asString(at(object, "spec", "schedule")), asString(at(object, "spec", "timeZone"))];
  try {
    const next = parseCron(schedule).next(input.now, timeZone || "UTC");
    if (next === undefined) return [finding("error", `its schedule ${schedule} names no time at all`)];
  } catch (error) {
    return [
      finding("error", `its schedule cannot be read: ${errorMessage(error)}`, "correct spec.schedule or timeZone"),
    ];
  }
  const active = asRecords(at(object, "status", "active"));
  if (active.length > 0 && at(object, "spec", "concurrencyPolicy") === "Forbid") {
    const names = active.map((job) => asString(job["name"])).join(", ");
    return [finding("warning", `it starts no other job while ${names} runs`, "Enter shows its jobs")];
  }
  return conditionsFindings(object);
}

/** What a certificate signing request waits for. */
export function requestFindings({ object }: DiagnosisInput): readonly Finding[] {
  const conditions = asRecords(at(object, "status", "conditions"));
  const said = (type: string): string | undefined => {
    const found = conditions.find((one) => one["type"] === type);
    return found === undefined ? undefined : `${asString(found["reason"])}: ${asString(found["message"])}`;
  };
  const [failed, denied] = [said("Failed"), said("Denied")];
  if (failed !== undefined) return [finding("error", `its signer could not issue: ${failed}`)];
  if (denied !== undefined) return [finding("error", `it was denied: ${denied}`)];
  if (said("Approved") === undefined) return [finding("warning", "nobody has approved it", "`a` approves it")];
  if (asString(at(object, "status", "certificate")) !== "") return [];
  const signer = asString(at(object, "spec", "signerName"));
  return [
    finding("warning", `it is approved, and the signer ${signer} has not issued`, "see whether that signer runs"),
  ];
}

/** Why a PersistentVolume serves nobody. */
export function volumeFindings({ object }: DiagnosisInput): readonly Finding[] {
  const phase = at(object, "status", "phase");
  const claim = at(object, "spec", "claimRef");
  const name = `${asString(at(claim, "namespace"))}/${asString(at(claim, "name"))}`;
  if (phase === "Failed") {
    return [finding("error", `it could not be reclaimed: ${asString(at(object, "status", "message"))}`)];
  }
  if (phase !== "Released") return [];
  return [
    finding(
      "warning",
      `its claim ${name} is gone and it keeps the data: no other claim gets it`,
      "delete it, or remove spec.claimRef to offer it again",
    ),
  ];
}

const WEBHOOK_SERVICES = "services in ";
const WEBHOOK_SLICES = "slices in ";

interface Callee {
  readonly namespace: string;
  readonly name: string;
}

function callees(object: KubeObject): ReadonlyArray<Callee & { readonly hook: string; readonly fails: boolean }> {
  return asRecords(object["webhooks"]).flatMap((hook) => {
    const service = at(hook, "clientConfig", "service");
    const [namespace, name] = [asString(at(service, "namespace")), asString(at(service, "name"))];
    if (name === "") return [];
    return [{ namespace, name, hook: asString(hook["name"]), fails: hook["failurePolicy"] !== "Ignore" }];
  });
}

/** The services of webhooks, and who is behind them. */
export function webhookContext(object: KubeObject): readonly RelatedQuery[] {
  const namespaces = new Set(callees(object).map(({ namespace }) => namespace));
  return [...namespaces].flatMap((namespace) => [
    { key: `${WEBHOOK_SERVICES}${namespace}`, gvr: { group: "", version: "v1", resource: "services" }, namespace },
    {
      key: `${WEBHOOK_SLICES}${namespace}`,
      gvr: { group: "discovery.k8s.io", version: "v1", resource: "endpointslices" },
      namespace,
    },
  ]);
}

/** Webhooks that nobody answers: with the failure policy Fail they keep the API server from writing. */
export function webhookFindings({ object, related }: DiagnosisInput): readonly Finding[] {
  return callees(object).flatMap(({ namespace, name, hook, fails }) => {
    const services = related.get(`${WEBHOOK_SERVICES}${namespace}`);
    const slices = related.get(`${WEBHOOK_SLICES}${namespace}`);
    const effect = fails ? "every write it matches is refused" : "it is skipped";
    const tone = fails ? "error" : "warning";
    if (services !== undefined && !services.some((service) => service.metadata.name === name)) {
      return [finding(tone, `${hook} calls the service ${namespace}/${name}, which does not exist: ${effect}`)];
    }
    if (slices === undefined) return [];
    const ready = slices
      .filter((slice) => slice.metadata.labels?.["kubernetes.io/service-name"] === name)
      .flatMap((slice) => asRecords(slice["endpoints"]))
      .some((endpoint) => at(endpoint, "conditions", "ready") !== false);
    if (ready) return [];
    return [
      finding(
        tone,
        `${hook} calls the service ${namespace}/${name}, which has no ready endpoint: ${effect}`,
        "Enter shows the service and its pods",
      ),
    ];
  });
}
