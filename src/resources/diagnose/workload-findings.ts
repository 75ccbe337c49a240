import { ageOf } from "../../lib/age.ts";
import { asNumber, asRecords, asString, at, controllerOf, type KubeObject } from "../../lib/kube/object.ts";
import { conditionsFindings } from "./condition-findings.ts";
import { finding, type DiagnosisInput, type Finding } from "./finding.ts";
import { PODS, REPLICA_SETS } from "../related-query.ts";
import { lastMessage, podFindings } from "./pod-findings.ts";

/** Why a Deployment, StatefulSet, DaemonSet, ReplicaSet or Job does not have the pods it wants, the likeliest cause first. */
export function workloadFindings(input: DiagnosisInput): readonly Finding[] {
  const { object } = input;
  return [
    ...creationFindings(input),
    ...podGroups(input),
    ...settingFindings(object),
    ...conditionsFindings(object, PODS_OF_CONDITIONS),
  ];
}

/** Conditions that only repeat what pods or {@link creationFindings} say better. */
const PODS_OF_CONDITIONS: ReadonlySet<string> = new Set(["ReplicaFailure"]);

/** Pods that the API server refused to create: quota, admission, a missing service account. */
function creationFindings(input: DiagnosisInput): readonly Finding[] {
  const condition = asRecords(at(input.object, "status", "conditions")).find(
    (one) => one["type"] === "ReplicaFailure" && one["status"] === "True",
  );
  const wanted = asNumber(at(input.object, "spec", "replicas"), 1);
  const pods = input.related.get(PODS)?.length;
  const said =
    asString(condition?.["message"]) ||
    (pods !== undefined && pods < wanted ? lastMessage(input, ["FailedCreate"]) : "");
  if (said === "") return [];
  const advice = /exceeded quota/.test(said)
    ? "raise the ResourceQuota of the namespace, or lower requests"
    : /failed calling webhook|denied the request/.test(said)
      ? "an admission webhook is in the way: `i` on its :validatingwebhookconfigurations or :mutatingwebhookconfigurations"
      : /serviceaccount .* not found/i.test(said)
        ? "create the service account"
        : undefined;
  return [finding("error", `its pods cannot be created: ${said}`, advice)];
}

/** What is wrong with its pods; what holds for several is said once. */
function podGroups(input: DiagnosisInput): readonly Finding[] {
  const pods = input.related.get(PODS) ?? [];
  const groups = new Map<string, { readonly finding: Finding; readonly pods: string[] }>();
  for (const pod of pods) {
    const { uid, name = "" } = pod.metadata;
    const events = input.events.filter((event) => at(event, "involvedObject", "uid") === uid);
    for (const found of podFindings({ ...input, object: pod, events })) {
      // Ages and back-off times differ from pod to pod; the cause is the same.
      const key = found.text.replaceAll(name, "").replaceAll(/\d+(\.\d+)?(ms|[smhd])?/g, "#");
      const group = groups.get(key);
      if (group === undefined) groups.set(key, { finding: found, pods: [name] });
      else group.pods.push(name);
    }
  }
  return [...groups.values()]
    .toSorted((left, right) => rank(left.finding) - rank(right.finding) || right.pods.length - left.pods.length)
    .map(({ finding: found, pods: names }) => {
      const whose = names.length === 1 ? `pod ${names[0]}` : `${names.length} of ${pods.length} pods (${names[0]}, …)`;
      return { ...found, text: `${whose}: ${found.text}` };
    });
}

function rank(found: Finding): number {
  return found.tone === "error" ? 0 : found.tone === "warning" ? 1 : 2;
}

function settingFindings(object: KubeObject): readonly Finding[] {
  const found: Finding[] = [];
  if (at(object, "spec", "paused") === true) {
    found.push(finding("warning", "its rollout is paused: changes of the template wait", "`kubectl rollout resume`"));
  }
  if (at(object, "spec", "suspend") === true) found.push(finding("muted", "it is suspended"));
  if (at(object, "spec", "replicas") === 0) found.push(finding("muted", "it is scaled to 0: it wants no pods"));
  const observed = at(object, "status", "observedGeneration");
  const { generation } = object.metadata;
  if (generation !== undefined && asNumber(observed, generation) < generation) {
    found.push(
      finding("warning", "its controller has not seen the last change", "see whether the controller manager runs"),
    );
  }
  return found;
}

/** What changed lately: the newest revisions with their images, and a restart by hand. Newest first. */
export function recentChanges(input: DiagnosisInput): readonly string[] {
  const { object, related, now } = input;
  const changes: string[] = [];
  const restarted = asString(
    at(object, "spec", "template", "metadata", "annotations", "kubectl.kubernetes.io/restartedAt"),
  );
  if (restarted !== "") changes.push(`restarted by hand ${ageOf(restarted, now)} ago`);
  const sets = (related.get(REPLICA_SETS) ?? [])
    .filter((set) => controllerOf(set)?.uid === object.metadata.uid)
    .toSorted((left, right) => revisionOf(right) - revisionOf(left));
  for (const [index, set] of sets.slice(0, 3).entries()) {
    const before = sets[index + 1];
    const images = before === undefined ? imagesText(set) : imageChanges(before, set);
    const age = ageOf(set.metadata.creationTimestamp, now);
    changes.push(`revision ${revisionOf(set)}, ReplicaSet ${set.metadata.name ?? ""} made ${age} ago: ${images}`);
  }
  return changes;
}

function revisionOf(set: KubeObject): number {
  return Number(set.metadata.annotations?.["deployment.kubernetes.io/revision"] ?? 0);
}

function imagesOf(set: KubeObject): ReadonlyMap<string, string> {
  const containers = asRecords(at(set, "spec", "template", "spec", "containers"));
  return new Map(containers.map((container) => [asString(container["name"]), asString(container["image"])]));
}

function imagesText(set: KubeObject): string {
  return [...imagesOf(set)].map(([name, image]) => `${name} ${image}`).join(", ");
}

function imageChanges(before: KubeObject, after: KubeObject): string {
  const old = imagesOf(before);
  const changed = [...imagesOf(after)].filter(([name, image]) => old.get(name) !== image);
  if (changed.length === 0) return "the same images, another template";
  return changed.map(([name, image]) => `${name} ${old.get(name) ?? "(new)"} → ${image}`).join(", ");
}
