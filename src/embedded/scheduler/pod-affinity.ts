import { asArray, asRecords, asString, at, type KubeObject } from "../../lib/kube/object.ts";
import { matchesLabels, selectorFromObject } from "../../lib/kube/selector.ts";

/** Where pods are and in which namespaces they may be looked for. */
export interface Topology {
  readonly nodes: readonly KubeObject[];
  podsOn(node: KubeObject): readonly KubeObject[];
  namespaceLabels(namespace: string): Readonly<Record<string, string>> | undefined;
}

const REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution";

/** Why a node does not do for the affinity of a pod to others, `undefined` where it does (plugin InterPodAffinity). */
export function podAffinityFault(pod: KubeObject, node: KubeObject, topology: Topology): string | undefined {
  for (const term of termsOf(pod, "podAffinity")) {
    const anywhere = topology.nodes.some((each) => anyMatches(term, pod, topology.podsOn(each), topology));
    // The first of a group that wants to be together may go anywhere.
    if (!anywhere && matches(term, pod, pod, topology) && inSomeDomain(term, node)) continue;
    if (!anyMatches(term, pod, domainPods(term, node, topology), topology)) {
      return "node(s) didn't match pod affinity rules";
    }
  }
  for (const term of termsOf(pod, "podAntiAffinity")) {
    if (anyMatches(term, pod, domainPods(term, node, topology), topology)) {
      return "node(s) didn't match pod anti-affinity rules";
    }
  }
  for (const each of topology.nodes) {
    for (const other of topology.podsOn(each)) {
      const repels = termsOf(other, "podAntiAffinity").some(
        (term) => sameDomain(term, node, each) && matches(term, other, pod, topology),
      );
      if (repels) return "node(s) didn't satisfy existing pods anti-affinity rules";
    }
  }
  return undefined;
}

type Term = Readonly<Record<string, unknown>>;

function termsOf(pod: KubeObject, kind: "podAffinity" | "podAntiAffinity"): readonly Term[] {
  return asRecords(at(pod, "spec", "affinity", kind, REQUIRED));
}

function topologyKey(term: Term): string {
  return asString(term["topologyKey"]);
}

function inSomeDomain(term: Term, node: KubeObject): boolean {
  return node.metadata.labels?.[topologyKey(term)] !== undefined;
}

function sameDomain(term: Term, a: KubeObject, b: KubeObject): boolean {
  const key = topologyKey(term);
  const domain = a.metadata.labels?.[key];
  return domain !== undefined && b.metadata.labels?.[key] === domain;
}

function domainPods(term: Term, node: KubeObject, topology: Topology): readonly KubeObject[] {
  return topology.nodes.filter((each) => sameDomain(term, node, each)).flatMap((each) => topology.podsOn(each));
}

function anyMatches(term: Term, owner: KubeObject, pods: readonly KubeObject[], topology: Topology): boolean {
  return pods.some((pod) => pod.metadata.deletionTimestamp === undefined && matches(term, owner, pod, topology));
}

/** Whether the term of `owner` means `pod`. */
function matches(term: Term, owner: KubeObject, pod: KubeObject, topology: Topology): boolean {
  const selector = selectorFromObject(structured(term["labelSelector"]));
  if (selector === undefined || !matchesLabels(selector, pod.metadata.labels)) return false;
  const namespace = pod.metadata.namespace ?? "";
  const named = asArray(term["namespaces"]);
  const byLabels = selectorFromObject(structured(term["namespaceSelector"]));
  if (named.length === 0 && byLabels === undefined) return namespace === (owner.metadata.namespace ?? "");
  return (
    named.includes(namespace) ||
    (byLabels !== undefined && matchesLabels(byLabels, topology.namespaceLabels(namespace)))
  );
}

/** An empty label selector selects everything, a missing one nothing. */
function structured(selector: unknown): unknown {
  if (typeof selector !== "object" || selector === null) return undefined;
  return { matchLabels: at(selector, "matchLabels"), matchExpressions: at(selector, "matchExpressions") };
}
