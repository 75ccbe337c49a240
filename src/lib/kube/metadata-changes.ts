/** Values by key; `null` takes the key away. The `labels` or `annotations` of a merge patch. */
export type MetadataChanges = Readonly<Record<string, string | null>>;

export type Parsed<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly fault: string };

export interface Taint {
  readonly key: string;
  readonly value?: string;
  readonly effect: string;
}

/** A taint to set, or to take away: of one effect, or all of a key. */
export type TaintChange =
  | { readonly set: Taint }
  | { readonly remove: { readonly key: string; readonly effect: string | undefined } };

const NAME = /^[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/;
const PREFIX = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
const EFFECTS: readonly string[] = ["NoSchedule", "PreferNoSchedule", "NoExecute"];

/** Labels as kubectl takes them: `app=web tier- stage=prod`. Rules of k8s.io/apimachinery/pkg/util/validation. */
export function parseLabelChanges(text: string): Parsed<MetadataChanges> {
  const words = text.trim().split(/\s+/).filter(Boolean);
  if (words.length === 0) return refuse("key=value sets, key- takes away; several with spaces between");
  const changes: Record<string, string | null> = {};
  for (const word of words) {
    const parsed = parseChange(word);
    if (!parsed.ok) return parsed;
    const { key, value } = parsed.value;
    if (value !== null && value !== "" && !NAME.test(value)) {
      return refuse(`"${value}": a label's value is up to 63 letters, digits, "-", "_" and "."`);
    }
    if (Object.hasOwn(changes, key)) return refuse(`${key} is named twice`);
    changes[key] = value;
  }
  return { ok: true, value: changes };
}

/** One annotation, whose value may hold anything: `owner=the web team`, or `owner-`. */
export function parseAnnotationChange(text: string): Parsed<MetadataChanges> {
  const parsed = parseChange(text.trim());
  return parsed.ok ? { ok: true, value: { [parsed.value.key]: parsed.value.value } } : parsed;
}

/** Taints as kubectl takes them: `key=value:NoSchedule`, `key:NoExecute`, `key:NoExecute-`, `key-`. */
export function parseTaintChanges(text: string): Parsed<readonly TaintChange[]> {
  const words = text.trim().split(/\s+/).filter(Boolean);
  if (words.length === 0) return refuse("key=value:Effect sets, key:Effect- and key- take away");
  const changes: TaintChange[] = [];
  for (const word of words) {
    const match = /^([^=:]+?)(?:=([^:]*))?(?::([A-Za-z]+))?(-)?$/.exec(word);
    const [, key = "", value, effect, minus] = match ?? [];
    const fault = match === null ? `"${word}": no taint` : keyFault(key);
    if (fault !== undefined) return refuse(fault);
    if (effect !== undefined && !EFFECTS.includes(effect)) return refuse(`"${effect}": one of ${EFFECTS.join(", ")}`);
    if (minus !== undefined) changes.push({ remove: { key, effect } });
    else if (effect === undefined) return refuse(`${key} needs an effect: ${EFFECTS.join(", ")}`);
    else if (value !== undefined && value !== "" && !NAME.test(value))
      return refuse(`"${value}" is no value of a taint`);
    else changes.push({ set: { key, effect, ...(value === undefined ? {} : { value }) } });
  }
  return { ok: true, value: changes };
}

/** The taints after the changes; a taint is known by key and effect. */
export function changeTaints<T extends { readonly key?: unknown; readonly effect?: unknown }>(
  taints: readonly T[],
  changes: readonly TaintChange[],
): ReadonlyArray<T | Taint> {
  return changes.reduce<ReadonlyArray<T | Taint>>((result, change) => {
    if ("set" in change) {
      const { set } = change;
      return [...result.filter((each) => each.key !== set.key || each.effect !== set.effect), set];
    }
    const { key, effect } = change.remove;
    return result.filter((each) => each.key !== key || (effect !== undefined && each.effect !== effect));
  }, taints);
}

function parseChange(text: string): Parsed<{ readonly key: string; readonly value: string | null }> {
  const equals = text.indexOf("=");
  if (equals === -1 && !text.endsWith("-")) return refuse("key=value sets, key- takes away");
  const key = equals === -1 ? text.slice(0, -1) : text.slice(0, equals);
  const fault = keyFault(key);
  if (fault !== undefined) return refuse(fault);
  return { ok: true, value: { key, value: equals === -1 ? null : text.slice(equals + 1) } };
}

function keyFault(key: string): string | undefined {
  const slash = key.indexOf("/");
  const [prefix, name] = slash === -1 ? [undefined, key] : [key.slice(0, slash), key.slice(slash + 1)];
  if (!NAME.test(name)) return `"${key}": a key is up to 63 letters, digits, "-", "_" and "."`;
  if (prefix !== undefined && (prefix.length > 253 || !PREFIX.test(prefix))) return `"${prefix}/": no DNS name`;
  return undefined;
}

function refuse(fault: string): { readonly ok: false; readonly fault: string } {
  return { ok: false, fault };
}
