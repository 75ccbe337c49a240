import { expect, test } from "vitest";
import {
  fnv32a,
  generateName,
  podTemplateHash,
  randomSuffix,
  safeEncode,
} from "../../../src/embedded/machinery/names.ts";
import { formatMicroTime, formatTime, parseTime } from "../../../src/embedded/machinery/time.ts";
import { imageTag } from "../../../src/embedded/machinery/image-reference.ts";

test("generated names have five safe characters and fit", () => {
  expect(generateName("web-")).toMatch(/^web-[bcdfghjklmnpqrstvwxz2456789]{5}$/);
  expect(generateName("x".repeat(100))).toHaveLength(63);
  expect(new Set(Array.from({ length: 50 }, () => randomSuffix(10))).size).toBe(50);
});

test("hashes are those of FNV-1a, in upstream's alphabet", () => {
  expect(fnv32a("")).toBe(2_166_136_261);
  expect(fnv32a("foobar")).toBe(0xbf_9c_f9_68);
  // '0' is 48: the 22nd of 27 characters.
  expect(safeEncode("0123456789")).toBe("456789bcdf");
});

test("equal templates have equal hashes, a collision changes them", () => {
  const template = { metadata: { labels: { a: "1" } }, spec: { containers: [{ name: "x" }] } };
  const reordered = { spec: { containers: [{ name: "x" }] }, metadata: { labels: { a: "1" } } };
  expect(podTemplateHash(template)).toBe(podTemplateHash(reordered));
  expect(podTemplateHash(template, 1)).not.toBe(podTemplateHash(template));
  expect(podTemplateHash(template)).toMatch(/^[bcdfghjklmnpqrstvwxz2456789]{1,10}$/);
});

test("times are written with whole seconds or six decimals, and read strictly", () => {
  const at = Date.UTC(2026, 0, 2, 3, 4, 5, 678);
  expect(formatTime(at)).toBe("2026-01-02T03:04:05Z");
  expect(formatMicroTime(at)).toBe("2026-01-02T03:04:05.678000Z");
  expect(parseTime("2026-01-02T03:04:05.678Z")).toBe(at);
  expect(parseTime("2026-01-02T04:04:05+01:00")).toBe(at - 678);
  expect(parseTime("2026-01-02")).toBeUndefined();
  expect(parseTime("2026-13-02T03:04:05Z")).toBeUndefined();
});

test.for([
  ["nginx", "latest"],
  ["nginx:1.29", "1.29"],
  ["registry:5000/nginx", "latest"],
  ["registry:5000/nginx:1", "1"],
  ["nginx@sha256:00", ""],
  ["nginx:1@sha256:00", "1"],
] as const)("the tag of %s is %j", ([reference, tag]) => {
  expect(imageTag(reference)).toBe(tag);
});
