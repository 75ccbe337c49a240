import { asString, isRecord, type KubeObject } from "./object.ts";

/** kubectl keeps a copy of what was applied here, the values of a Secret included. */
export const LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration";

type Fields = Readonly<Record<string, unknown>>;

/** Whether values of this resource are secret. */
export function holdsSecrets({ group, resource }: { readonly group: string; readonly resource: string }): boolean {
  return group === "" && resource === "secrets";
}

/** How many bytes a value of `data` (base64) or `stringData` stands for. */
export function valueBytes(value: unknown, field: "data" | "stringData"): number {
  const text = asString(value);
  return field === "data" ? Buffer.from(text, "base64").length : Buffer.byteLength(text);
}

/**
 * A Secret with every value replaced by a text, and without the values in kubectl's annotation. Where `data` is not what
 * it should be, nothing of it is kept.
 */
export function replaceSecretValues<T extends Fields>(
  secret: T,
  show: (value: unknown, field: "data" | "stringData", key: string) => string,
): T {
  const replaced = (field: "data" | "stringData"): Fields => {
    if (!(field in secret)) return {};
    const values = secret[field];
    if (!isRecord(values)) return { [field]: "<masked>" };
    return {
      [field]: Object.fromEntries(Object.entries(values).map(([key, value]) => [key, show(value, field, key)])),
    };
  };
  return { ...secret, ...withoutApplied(secret), ...replaced("data"), ...replaced("stringData") };
}

function withoutApplied(secret: Fields): Fields {
  const { metadata } = secret;
  const annotations = isRecord(metadata) ? metadata["annotations"] : undefined;
  if (!isRecord(metadata) || !isRecord(annotations) || !(LAST_APPLIED in annotations)) return {};
  return { metadata: { ...metadata, annotations: { ...annotations, [LAST_APPLIED]: "<masked>" } } };
}

/** A Secret with the sizes of its values. @param before values that differ from its own are told to be changed */
export function maskSecret<T extends Fields>(secret: T, before?: Fields): T {
  return replaceSecretValues(secret, (value, field, key) => {
    const was = isRecord(before?.[field]) ? before[field] : {};
    const changed = before !== undefined && (field === "stringData" || (key in was && was[key] !== value));
    return `<masked, ${valueBytes(value, field)} bytes${changed ? ", changed" : ""}>`;
  });
}

/** An object as it may be shown or written down: a Secret without its values, everything else as it is. */
export function maskedObject(object: KubeObject, before?: KubeObject): KubeObject {
  return object.kind === "Secret" ? maskSecret(object, before) : object;
}
