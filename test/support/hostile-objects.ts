import { schemaFromOpenApi, schemaOf, type Schema } from "../../src/embedded/schema/schema.ts";

const TEXT = { type: "string" };
const TEXT_LIST = { type: "array", items: TEXT };
const listOf = (properties: Readonly<Record<string, unknown>>): object => ({
  type: "array",
  items: { type: "object", properties },
});

const REFERENCES = listOf({ name: TEXT, namespace: TEXT, kind: TEXT, group: TEXT, port: { type: "integer" } });
const CONDITIONS = listOf({ type: TEXT, status: TEXT, reason: TEXT, message: TEXT });

/** For kinds whose schemas are not published with Kubernetes: definitions of kinds, and those of the Gateway API. */
const ADDED = schemaFromOpenApi({
  type: "object",
  properties: {
    spec: {
      type: "object",
      properties: {
        group: TEXT,
        scope: TEXT,
        names: { type: "object", properties: { plural: TEXT, kind: TEXT, shortNames: TEXT_LIST } },
        versions: listOf({ name: TEXT, served: { type: "boolean" }, storage: { type: "boolean" } }),
        controllerName: TEXT,
        gatewayClassName: TEXT,
        listeners: listOf({ name: TEXT, hostname: TEXT, protocol: TEXT, port: { type: "integer" } }),
        parentRefs: REFERENCES,
        hostnames: TEXT_LIST,
        rules: listOf({ backendRefs: REFERENCES }),
        from: REFERENCES,
        to: REFERENCES,
      },
    },
    status: {
      type: "object",
      properties: {
        conditions: CONDITIONS,
        addresses: listOf({ type: TEXT, value: TEXT }),
        parents: listOf({ conditions: CONDITIONS }),
      },
    },
  },
});

/** Numbers in [0, 1) that are the same in every run (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

type Random = () => number;

/** What no terminal may get as it stands: a title, an erased screen, a line break, a link, a bell. */
export const HOSTILE_TEXTS: readonly string[] = [
  "\u001B]0;PWNED\u0007",
  "\u001B[2J\u001B[HPWNED",
  "\u009B2JPWNED",
  "two\nlines\r\nand\ttabs",
  "\u202Eright to left\u2066",
  "\u0000\u0007\u0008\u007F",
  "e\u0301\u0301\u0301 日本語 🐕‍🦺 \uD800",
];

/** What a server, or whoever may write to it, can put into a text. */
const TEXTS: readonly string[] = [
  ...HOSTILE_TEXTS,
  "",
  " ",
  "x".repeat(4000),
  "__proto__",
  "constructor",
  "10%",
  "-1",
  "1e999",
  "NaN",
  "9999999999999999999999m",
  "2026-13-45T99:99:99Z",
  "0001-01-01T00:00:00Z",
  "2099-01-01T00:00:00Z",
  "[[{{",
  "a=b,c!=d",
  "*/0 * * * *",
  "@every 1h",
  "a/b/c/d",
  "sha256:",
  "default",
  "web",
];

const KEYS = ["__proto__", "constructor", "hasOwnProperty", "toString", "a.b/c", "", "\u001B[31m", "app"] as const;

function pick<T>(random: Random, values: readonly T[]): T | undefined {
  return values[Math.floor(random() * values.length)];
}

/** JSON of the wrong type. */
function garbage(random: Random, depth = 0): string {
  const inner = (): string => (depth > 3 ? "null" : garbage(random, depth + 1));
  switch (Math.floor(random() * 12)) {
    case 0:
      return "null";
    case 1:
      return "true";
    case 2:
      return "-1";
    case 3:
      return "1e308";
    case 4:
      return "[]";
    case 5:
      return "{}";
    case 6:
      return "[null,null]";
    case 7:
      return `[${inner()},${inner()}]`;
    case 8:
      return `{${JSON.stringify(pick(random, KEYS))}:${inner()},"name":${inner()}}`;
    case 9:
      return "[".repeat(500) + "]".repeat(500);
    default:
      return JSON.stringify(pick(random, TEXTS));
  }
}

function goodText(random: Random, schema: Schema): string {
  if (schema.format === "date-time") return "2025-12-31T20:00:00Z";
  if (schema.format === "byte") return "aGVsbG8=";
  if (schema.allowedValues !== undefined) return pick(random, schema.allowedValues) ?? "";
  return pick(random, ["web", "db", "100m", "1Gi", "8080", "localhost/host", "app=web", "Ready", "True"]) ?? "";
}

/** JSON text after a schema, with malformed parts in some places. */
function jsonOf(random: Random, schema: Schema, malice: number, depth: number): string {
  if (random() < malice) return garbage(random);
  switch (schema.type) {
    case "object": {
      if (schema.values !== undefined) {
        const { values } = schema;
        const count = Math.floor(random() * 3);
        const entries = Array.from({ length: count }, () => {
          const key = random() < malice * 5 ? pick(random, KEYS) : pick(random, ["app", "tier", "cpu", "memory"]);
          return `${JSON.stringify(key)}:${jsonOf(random, values, malice, depth + 1)}`;
        });
        return `{${entries.join(",")}}`;
      }
      // Deep schemas (a pod's affinity, an ephemeral volume's template) grow without end.
      const chance = depth < 3 ? 0.85 : depth < 6 ? 0.5 : depth < 9 ? 0.2 : 0;
      const fields = [...schema.fields].filter(([name]) => schema.required.includes(name) || random() < chance);
      return `{${fields.map(([name, field]) => `${JSON.stringify(name)}:${jsonOf(random, field, malice, depth + 1)}`).join(",")}}`;
    }
    case "array": {
      const { items } = schema;
      const count = items === undefined ? 0 : 1 + Math.floor(random() * 2);
      const texts = Array.from({ length: count }, () =>
        items === undefined ? "null" : jsonOf(random, items, malice, depth + 1),
      );
      return `[${texts.join(",")}]`;
    }
    case "integer":
    case "number":
      return String(Math.floor(random() * 5));
    case "boolean":
      return String(random() < 0.5);
    case "int-or-string":
      return random() < 0.5 ? "80" : '"25%"';
    case "quantity":
      return '"100m"';
    case "string":
      return JSON.stringify(goodText(random, schema));
    default:
      return garbage(random);
  }
}

/**
 * The JSON text of an object of a kind as a broken or malicious server may send it: fields after the kind's published
 * schema, some of them of a wrong type, huge, empty, with keys of JavaScript's own, or with control sequences.
 * @param malice how likely each field is malformed, 0 to 1
 */
export function hostileObject(
  random: Random,
  options: { readonly apiVersion: string; readonly kind: string; readonly index: number; readonly malice: number },
): string {
  const { apiVersion, kind, index, malice } = options;
  const schema = schemaOf(apiVersion, kind) ?? ADDED;
  const parts = [...schema.fields].flatMap(([name, field]) =>
    name === "metadata" || name === "kind" || name === "apiVersion" || random() < 0.05
      ? []
      : [`${JSON.stringify(name)}:${jsonOf(random, field, malice, 1)}`],
  );
  const metadata = schema.fields.get("metadata");
  const more = metadata === undefined ? "{}" : jsonOf(random, metadata, malice, 1);
  const inner = more.startsWith("{") && more.length > 2 ? `${more.slice(0, -1)},` : "{";
  const name = random() < malice ? pick(random, TEXTS)?.slice(0, 300) : `${kind.toLowerCase()}-${index}`;
  const named = `"name":${JSON.stringify(name)},"namespace":"default","uid":"uid-${kind}-${index}"}`;
  return `{"apiVersion":"${apiVersion}","kind":"${kind}","metadata":${inner}${named}${parts.map((part) => `,${part}`).join("")}}`;
}
