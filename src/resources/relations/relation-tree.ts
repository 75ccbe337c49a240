import { asString, at, controllerOf, objectPath, type KubeObject } from "../../lib/kube/object.ts";
import { namespacesOf } from "../../lib/kube/namespaces.ts";
import { matchesLabels, selectorFromObject } from "../../lib/kube/selector.ts";
import type { Tone } from "../kind.ts";
import { podContainers } from "../pod-containers.ts";
import { references, type Reference, type ResourceName } from "./references.ts";

/** An object with what it is. */
export interface Member extends ResourceName {
  readonly object: KubeObject;
}

/** One row of a tree of relations. */
export interface RelationNode {
  /** The path of names from the root: stable while the object lives. */
  readonly key: string;
  readonly name: string;
  /** What it is: `deployments`, `container`. */
  readonly what: string;
  /** How it is related to the row above it: `owns`, `selects`, `volume data`. */
  readonly how: string;
  /** Absent for a container, and for what is named and not there. */
  readonly member?: Member;
  /** The container, of the pod that is `member`. */
  readonly container?: string;
  /** What it says of itself, where there is no object to ask. */
  readonly state?: { readonly text: string; readonly tone: Tone };
  /** What is named, where it was not listed: whether it is there is not known here. */
  readonly named?: ResourceName & { readonly namespace: string };
  readonly children: readonly RelationNode[];
}

const DEEPEST = 8;

/** Objects that have been listed, with what is asked of them looked up once. */
export class RelationGraph {
  readonly #now: number;
  readonly #members: readonly Member[];
  readonly #byName = new Map<string, Member>();
  readonly #byUid = new Map<string, Member>();
  readonly #owned = new Map<string, Member[]>();
  readonly #listed: ReadonlySet<string>;
  /** Empty is all. */
  readonly #namespaces: readonly string[];

  /**
   * @param listed `group/resource` of every list that has come: what is not among its objects does not exist
   * @param now milliseconds since the epoch
   * @param namespace the lists' own; `""` is all: of other namespaces nothing is known
   */
  constructor(members: readonly Member[], listed: ReadonlySet<string>, now: number, namespace = "") {
    this.#namespaces = namespacesOf(namespace);
    this.#members = members;
    this.#listed = listed;
    this.#now = now;
    for (const member of members) {
      const { name = "", namespace = "", uid, ownerReferences = [] } = member.object.metadata;
      this.#byName.set(pathOf(member, namespace, name), member);
      if (uid !== undefined) this.#byUid.set(uid, member);
      for (const owner of ownerReferences) {
        const owned = this.#owned.get(owner.uid);
        if (owned === undefined) this.#owned.set(owner.uid, [member]);
        else owned.push(member);
      }
    }
  }

  /** The tree below an object, under the objects that own it. */
  tree(root: Member): RelationNode {
    return this.#underOwners(root, this.#node(root, "", "", new Set()), 0);
  }

  /** The tree below an object, whatever owns it. */
  below(root: Member): RelationNode {
    return this.#node(root, "", root.object.metadata.namespace ?? "", new Set());
  }

  /** An object by itself; its relation is to the owner that controls it. */
  alone(member: Member): RelationNode {
    const { resource, object } = member;
    const owner = controllerOf(object);
    const how = owner === undefined ? "" : `of ${asString(owner.kind).toLowerCase()} ${asString(owner.name)}`;
    const key = `${resource} ${objectPath(object)}`;
    return { key, name: nameOf(member), what: resource, how, member, children: [] };
  }

  #underOwners(member: Member, node: RelationNode, level: number): RelationNode {
    const owner = level < DEEPEST ? this.#ownerOf(member) : undefined;
    if (owner === undefined) return node;
    const name = nameOf(owner);
    const children = [{ ...node, how: "owns" }];
    const above = { key: `owner ${level} ${name}`, name, what: owner.resource, how: "", member: owner, children };
    return this.#underOwners(owner, above, level + 1);
  }

  /** Everything that names or selects an object; what owns a user stands above it. */
  usersOf(target: Member): readonly RelationNode[] {
    const { name = "", namespace = "" } = target.object.metadata;
    const users = new Map<string, { readonly member: Member; readonly how: string }>();
    for (const member of this.#members) {
      const hows = references(member, member.object)
        .filter((reference) => reference.name === name && sameResource(reference, target))
        .filter(
          (reference) => namespace === "" || (reference.namespace ?? member.object.metadata.namespace) === namespace,
        )
        .map(({ how }) => how);
      if (hows.length === 0 && this.#selects(member).includes(target)) hows.push("selects it");
      const { uid } = member.object.metadata;
      if (hows.length > 0 && uid !== undefined) users.set(uid, { member, how: [...new Set(hows)].join(", ") });
    }
    const node = (uid: string): RelationNode[] => {
      const user = users.get(uid);
      if (user === undefined) return [];
      const owned = (this.#owned.get(uid) ?? []).flatMap(({ object }) => node(object.metadata.uid ?? ""));
      const { member, how } = user;
      return [{ key: uid, name: nameOf(member), what: member.resource, how, member, children: owned }];
    };
    return [...users]
      .filter(([, { member }]) => !(member.object.metadata.ownerReferences ?? []).some((owner) => users.has(owner.uid)))
      .flatMap(([uid]) => node(uid));
  }

  #ownerOf({ object }: Member): Member | undefined {
    const owners = object.metadata.ownerReferences ?? [];
    const owner = owners.find((one) => one.controller === true) ?? owners[0];
    return owner === undefined ? undefined : this.#byUid.get(owner.uid);
  }

  #node(member: Member, how: string, path: string, seen: ReadonlySet<Member>): RelationNode {
    const key = `${path}/${member.resource} ${nameOf(member)}`;
    const within = new Set([...seen, member]);
    const children = seen.size >= DEEPEST ? [] : this.#children(member, key, within);
    return { key, name: nameOf(member), what: member.resource, how, member, children };
  }

  #children(member: Member, path: string, seen: ReadonlySet<Member>): readonly RelationNode[] {
    const { uid } = member.object.metadata;
    const owned = uid === undefined ? [] : (this.#owned.get(uid) ?? []);
    const below = [
      ...owned.map((one) => ["owns", one] as const),
      ...this.#selects(member).map((one) => ["selects", one] as const),
    ]
      .filter(([, one]) => !seen.has(one))
      .map(([how, one]) => this.#node(one, how, path, seen));
    const named = references(member, member.object);
    if (member.group === "" && member.resource === "pods") {
      const shared = named.filter(({ container }) => container === undefined);
      return [...this.#containers(member, named, path), ...this.#named(member, shared, path, seen)];
    }
    // The pods of a workload name the same things again.
    return below.length > 0 && owned.length > 0 ? below : [...below, ...this.#named(member, named, path, seen)];
  }

  #containers(member: Member, named: readonly Reference[], path: string): readonly RelationNode[] {
    return podContainers(member.object, this.#now).map((container) => {
      const key = `${path}/container ${container.name}`;
      const own = named.filter((reference) => reference.container === container.name);
      return {
        key,
        name: container.name,
        what: container.type,
        how: container.image,
        member,
        container: container.name,
        state: { text: container.state, tone: container.tone },
        children: this.#named(member, own, key, new Set([member])),
      };
    });
  }

  #named(
    member: Member,
    named: readonly Reference[],
    path: string,
    seen: ReadonlySet<Member>,
  ): readonly RelationNode[] {
    return named.map((reference, index) => {
      const { name, how, resource, optional } = reference;
      const namespace = reference.namespace ?? member.object.metadata.namespace ?? "";
      const found =
        this.#byName.get(pathOf(reference, namespace, name)) ?? this.#byName.get(pathOf(reference, "", name));
      if (found !== undefined && !seen.has(found)) return this.#node(found, how, `${path}/${index}`, seen);
      const looked =
        reference.namespace === undefined || this.#namespaces.length === 0 || this.#namespaces.includes(namespace);
      const known = looked && this.#listed.has(`${reference.group}/${resource}`);
      const state: RelationNode["state"] =
        found !== undefined || !known
          ? undefined
          : optional === true
            ? { text: "not there (optional)", tone: "muted" }
            : { text: "does not exist", tone: "error" };
      const key = `${path}/${index}/${resource} ${name}`;
      const shown = reference.namespace === undefined || looked ? name : `${namespace}/${name}`;
      const open = known ? {} : { named: { group: reference.group, resource, namespace } };
      return {
        key,
        name: shown,
        what: resource,
        how,
        children: [],
        ...open,
        ...(state === undefined ? {} : { state }),
      };
    });
  }

  /** Pods that an object selects by their labels. */
  #selects({ group, resource, object }: Member): readonly Member[] {
    const field = SELECTORS[`${group}/${resource}`];
    if (field === undefined) return [];
    const value = at(object, "spec", field);
    const selector = selectorFromObject(value);
    // An empty selector of a Service selects nothing, that of a policy every pod of the namespace.
    if (selector === undefined || (selector.length === 0 && resource === "services")) return [];
    return this.#members.filter(
      (member) =>
        member.resource === "pods" &&
        member.group === "" &&
        asString(member.object.metadata.namespace) === asString(object.metadata.namespace) &&
        matchesLabels(selector, member.object.metadata.labels),
    );
  }
}

/** The field of `spec` that selects pods, by `group/resource`. Workloads own theirs. */
const SELECTORS: Readonly<Record<string, string>> = {
  "/services": "selector",
  "policy/poddisruptionbudgets": "selector",
  "networking.k8s.io/networkpolicies": "podSelector",
};

function nameOf({ object }: Member): string {
  return object.metadata.name ?? "";
}

function pathOf({ group, resource }: ResourceName, namespace: string, name: string): string {
  return `${group}/${resource}/${namespace}/${name}`;
}

function sameResource(left: ResourceName, right: ResourceName): boolean {
  return left.group === right.group && left.resource === right.resource;
}
