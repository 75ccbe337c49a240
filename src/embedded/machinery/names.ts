import { randomBytes } from "node:crypto";
import { isRecord } from "../../lib/kube/object.ts";

/** No vowels, no digits that read as letters: no words by accident (apimachinery pkg/util/rand). */
const ALPHABET = "bcdfghjklmnpqrstvwxz2456789";
const SUFFIX_LENGTH = 5;
const MAX_NAME_LENGTH = 63;

/** Random characters of the alphabet of generated names. */
export function randomSuffix(length = SUFFIX_LENGTH): string {
  let suffix = "";
  while (suffix.length < length) {
    for (const byte of randomBytes(length)) {
      // 243 = 9 * 27: higher bytes would make some characters likelier.
      if (byte < 243 && suffix.length < length) suffix += ALPHABET[byte % ALPHABET.length] ?? "";
    }
  }
  return suffix;
}

/** A name from `metadata.generateName`: at most 63 characters (apiserver pkg/storage/names). */
export function generatedName(prefix: string): string {
  return prefix.slice(0, MAX_NAME_LENGTH - SUFFIX_LENGTH) + randomSuffix();
}

/**
 * The `pod-template-hash` of a pod template (pkg/controller ComputeHash). Equal templates have equal hashes; the
 * numbers differ from upstream's, which hashes Go's own dump of the struct.
 * @param collisionCount of the deployment's status: another number gives another hash
 */
export function podTemplateHash(template: unknown, collisionCount?: number): string {
  const text = canonicalJson(template) + (collisionCount === undefined ? "" : `#${collisionCount}`);
  return Array.from(String(fnv32a(text)), (digit) => ALPHABET[digit.charCodeAt(0) % ALPHABET.length] ?? "").join("");
}

/** JSON with sorted keys and without undefined members. */
function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(",")}]`;
  if (!isRecord(value)) return JSON.stringify(value) ?? "null";
  const members = Object.keys(value)
    .toSorted()
    .filter((key) => value[key] !== undefined)
    .map((key) => `${JSON.stringify(key)}:${canonicalJson(value[key])}`);
  return `{${members.join(",")}}`;
}

function fnv32a(text: string): number {
  let hash = 0x811c9dc5;
  for (const byte of Buffer.from(text)) hash = Math.imul(hash ^ byte, 0x01000193);
  return hash >>> 0;
}
