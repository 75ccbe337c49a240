import { randomInt } from "node:crypto";
import { isJsonArray, isJsonObject } from "./json.ts";
import type { Json } from "../../lib/kube/object.ts";

/** No vowels and no look-alikes (apimachinery pkg/util/rand). */
const ALPHABET = "bcdfghjklmnpqrstvwxz2456789";
const SUFFIX_LENGTH = 5;
const MAX_NAME_LENGTH = 63;

/** `length` characters that are safe in any name. */
export function randomSuffix(length = SUFFIX_LENGTH): string {
  let text = "";
  for (let index = 0; index < length; index += 1) text += ALPHABET[randomInt(ALPHABET.length)] ?? "";
  return text;
}

/** A name for `metadata.generateName`: the base, cut to fit, and five random characters. */
export function generateName(base: string): string {
  return `${base.slice(0, MAX_NAME_LENGTH - SUFFIX_LENGTH)}${randomSuffix()}`;
}

/** `rand.SafeEncodeString`: decimal digits of a hash in characters that spell no words. */
export function safeEncode(text: string): string {
  let encoded = "";
  for (const character of text) encoded += ALPHABET[character.charCodeAt(0) % ALPHABET.length] ?? "";
  return encoded;
}

/** FNV-1a over the UTF-8 bytes of a text, 32 bits, unsigned. */
export function fnv32a(text: string): number {
  let hash = 0x81_1c_9d_c5;
  for (const byte of Buffer.from(text, "utf8")) hash = Math.imul(hash ^ byte, 0x01_00_01_93);
  return hash >>> 0;
}

/**
 * The `pod-template-hash` of a template; `collisionCount` is the deployment's. Equal templates have equal hashes
 * whatever the order of their fields. The value differs from upstream's, which hashes a dump of Go structs.
 */
export function podTemplateHash(template: Json, collisionCount?: number): string {
  const suffix = collisionCount === undefined ? "" : String(collisionCount);
  return safeEncode(String(fnv32a(stableText(template) + suffix)));
}

function stableText(value: Json): string {
  if (isJsonArray(value)) return `[${value.map(stableText).join(",")}]`;
  if (!isJsonObject(value)) return JSON.stringify(value);
  const fields = Object.keys(value)
    .toSorted()
    .map((key) => `${JSON.stringify(key)}:${stableText(value[key] ?? null)}`);
  return `{${fields.join(",")}}`;
}
