import { asArray, isRecord } from "../../lib/kube/object.ts";

/**
 * Lists that a strategic merge joins by a key of their entries: the fields that the API's types mark with
 * `patchStrategy=merge` (k8s.io/api/core/v1/types.go and others). `ports` has two keys: containers' and services'.
 */
const MERGE_KEYS: Readonly<Record<string, string>> = {
  containers: "name",
  initContainers: "name",
  ephemeralContainers: "name",
  volumes: "name",
  env: "name",
  volumeMounts: "mountPath",
  volumeDevices: "devicePath",
  imagePullSecrets: "name",
  hostAliases: "ip",
  topologySpreadConstraints: "topologyKey",
  schedulingGates: "name",
  resourceClaims: "name",
  secrets: "name",
  webhooks: "name",
  matchConditions: "name",
  ownerReferences: "uid",
};

/** Fields whose value keeps none of the fields that the target leaves out: `patchStrategy=retainKeys`. */
const RETAIN_KEYS = new Set(["strategy", "volumes", "resourceClaims"]);

/**
 * What an object becomes when it goes from what a release said to what another one says: what the target says is set,
 * what only the old one said goes, and what others set on the live object stays. The rules of
 * apimachinery/pkg/util/strategicpatch/patch.go for a three-way merge with `overwrite`, for built-in kinds.
 */
export function threeWayMerge(old: unknown, target: unknown, live: unknown): unknown {
  return mergeValue({ old, target, live }, "");
}

interface Sides {
  readonly old: unknown;
  readonly target: unknown;
  readonly live: unknown;
}

/** @param field the name of the field that the values stand in */
function mergeValue({ old, target, live }: Sides, field: string): unknown {
  if (isRecord(target) && isRecord(live)) return mergeRecords({ old, target, live }, field);
  if (!Array.isArray(target) || !Array.isArray(live)) return target;
  if (field === "finalizers") return joinedSet(asArray(old), target, live);
  const key = mergeKey(field, target, live);
  return key === undefined ? target : mergeLists({ old: asArray(old), target, live }, field, key);
}

function mergeRecords(
  sides: { readonly old: unknown; readonly target: Fields; readonly live: Fields },
  field: string,
): Fields {
  const old = isRecord(sides.old) ? sides.old : {};
  const { target, live } = sides;
  const retained = RETAIN_KEYS.has(field) ? new Set(Object.keys(target)) : undefined;
  const merged: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(live)) {
    if (target[name] !== undefined)
      merged[name] = mergeValue({ old: old[name], target: target[name], live: value }, name);
    else if (old[name] === undefined && (retained === undefined || retained.has(name))) merged[name] = value;
  }
  for (const [name, value] of Object.entries(target)) if (!(name in merged)) merged[name] = value;
  return merged;
}

type Fields = Readonly<Record<string, unknown>>;

/** The key that tells the entries of a list apart; `undefined` where the list counts as one value. */
function mergeKey(field: string, ...lists: ReadonlyArray<readonly unknown[]>): string | undefined {
  const candidates = field === "ports" ? ["containerPort", "port"] : [MERGE_KEYS[field]];
  return candidates.find(
    (key) =>
      key !== undefined &&
      lists.every((list) => {
        const keys = list.map((entry) => (isRecord(entry) ? entry[key] : undefined));
        // Entries that share a key (one port for TCP and UDP) cannot be told apart by it.
        return keys.every((each) => each !== undefined) && new Set(keys).size === keys.length;
      }),
  );
}

/** Entries of the target in its order; entries of the live list that nobody else knew stay behind their neighbours. */
function mergeLists(
  sides: { readonly old: readonly unknown[]; readonly target: readonly unknown[]; readonly live: readonly unknown[] },
  field: string,
  key: string,
): readonly unknown[] {
  const keyOf = (entry: unknown): unknown => (isRecord(entry) ? entry[key] : undefined);
  const find = (list: readonly unknown[], wanted: unknown): unknown => list.find((entry) => keyOf(entry) === wanted);
  const merged = sides.target.map((entry) => {
    const live = find(sides.live, keyOf(entry));
    const old = find(sides.old, keyOf(entry));
    return live === undefined ? entry : mergeValue({ old, target: entry, live }, field);
  });
  let place = 0;
  for (const entry of sides.live) {
    const known = merged.findIndex((each) => keyOf(each) === keyOf(entry));
    if (known !== -1) place = known + 1;
    else if (find(sides.old, keyOf(entry)) === undefined) {
      merged.splice(place, 0, entry);
      place += 1;
    }
  }
  return merged;
}

function joinedSet(old: readonly unknown[], target: readonly unknown[], live: readonly unknown[]): readonly unknown[] {
  const kept = live.filter((entry) => target.includes(entry) || !old.includes(entry));
  return [...kept, ...target.filter((entry) => !kept.includes(entry))];
}
