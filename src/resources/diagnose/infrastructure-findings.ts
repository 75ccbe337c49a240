import { ageOf } from "../../lib/age.ts";
import { asRecords, asString, at } from "../../lib/kube/object.ts";
import { podTone } from "../pod-status.ts";
import { conditionsFindings } from "./condition-findings.ts";
import { finding, STORAGE_CLASSES, type DiagnosisInput, type Finding } from "./finding.ts";
import { PODS } from "../related-query.ts";
import { lastMessage } from "./pod-findings.ts";

const DEFAULT_CLASS = "storageclass.kubernetes.io/is-default-class";

/** Why a PersistentVolumeClaim is not bound. */
export function claimFindings(input: DiagnosisInput): readonly Finding[] {
  const { object, related } = input;
  const phase = at(object, "status", "phase");
  if (phase === "Lost") {
    return [finding("error", `its volume ${asString(at(object, "spec", "volumeName"))} is gone: the data with it`)];
  }
  if (phase !== "Pending") return conditionsFindings(object);
  const found: Finding[] = [];
  const said = lastMessage(input, ["ProvisioningFailed", "FailedBinding"]);
  if (said !== "") found.push(finding("error", `it cannot be provisioned: ${said}`));
  const wanted = at(object, "spec", "storageClassName");
  const classes = related.get(STORAGE_CLASSES);
  if (typeof wanted === "string" && wanted !== "" && classes !== undefined) {
    const storageClass = classes.find((one) => one.metadata.name === wanted);
    if (storageClass === undefined) found.push(finding("error", `its storage class ${wanted} does not exist`));
    else if (storageClass["volumeBindingMode"] === "WaitForFirstConsumer") found.push(...consumerFindings(input));
  } else if (
    wanted === undefined &&
    classes?.some((one) => one.metadata.annotations?.[DEFAULT_CLASS] === "true") === false
  ) {
    found.push(
      finding("error", "it names no storage class and the cluster has no default one", "set storageClassName"),
    );
  } else if (wanted === "") {
    found.push(finding("warning", "it waits for a PersistentVolume made by hand: its storage class is empty"));
  }
  return found.length === 0 ? [finding("warning", "it is not bound to a volume yet")] : found;
}

function consumerFindings({ object, related }: DiagnosisInput): readonly Finding[] {
  const users = (related.get(PODS) ?? []).filter((pod) =>
    asRecords(at(pod, "spec", "volumes")).some(
      (volume) => at(volume, "persistentVolumeClaim", "claimName") === object.metadata.name,
    ),
  );
  if (users.length === 0) return [finding("muted", "it is bound as soon as the first pod uses it, and no pod does")];
  return [finding("warning", `it is bound when its pod ${users[0]?.metadata.name ?? ""} is placed on a node`)];
}

/** What a Node lacks, and what it keeps off. */
export function nodeFindings({ object, related, now }: DiagnosisInput): readonly Finding[] {
  const found: Finding[] = [];
  const conditions = asRecords(at(object, "status", "conditions"));
  const ready = conditions.find((one) => one["type"] === "Ready");
  if (ready === undefined) found.push(finding("error", "its kubelet has never reported"));
  else if (ready["status"] !== "True") {
    const since = ageOf(asString(ready["lastTransitionTime"]), now);
    const message = asString(ready["message"]);
    found.push(
      ready["status"] === "Unknown"
        ? finding(
            "error",
            `its kubelet is silent since ${since}: ${message}`,
            "see whether the machine and its kubelet run and reach the API server",
          )
        : finding("error", `it is not ready since ${since}: ${message}`),
    );
  }
  found.push(...conditionsFindings(object, new Set(["Ready"])));
  if (at(object, "spec", "unschedulable") === true)
    found.push(finding("warning", "it is cordoned: no new pods come to it"));
  const evicting = asRecords(at(object, "spec", "taints")).filter((taint) => taint["effect"] === "NoExecute");
  for (const taint of evicting) {
    found.push(finding("warning", `the taint ${asString(taint["key"])} drives pods away that do not tolerate it`));
  }
  const sick = (related.get(PODS) ?? []).filter((pod) => podTone(pod) === "error");
  if (sick.length > 0) {
    const names = sick.slice(0, 3).map((pod) => pod.metadata.name ?? "");
    found.push(
      finding("warning", `${sick.length} of its pods fail: ${names.join(", ")}${sick.length > 3 ? ", …" : ""}`),
    );
  }
  return found;
}
