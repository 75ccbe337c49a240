import { expect, test } from "vitest";
import { editDiff } from "../../src/app/operations/edit-text.ts";
import { cleanForEdit, computePatch, editableYaml, mergeEdits, parseEdited } from "../../src/cluster/edit.ts";
import { readWholeObject } from "../../src/cluster/row-reader.ts";
import { isRecord, type KubeObject } from "../../src/lib/kube/object.ts";
import { parseYaml, toYaml } from "../../src/lib/yaml.ts";
import { dataEntries } from "../../src/resources/data-entries.ts";
import { describeObject, relatedQueries } from "../../src/resources/describe/describe.ts";
import { diagnosisQueries, logTails, writeDiagnosis } from "../../src/resources/diagnose/diagnose.ts";
import type { KindDefinition } from "../../src/resources/kind.ts";
import { kinds } from "../../src/resources/kinds/index.gen.ts";
import { RelationGraph, type Member } from "../../src/resources/relations/relation-tree.ts";
import { revisionsOf } from "../../src/resources/rollout-history.ts";
import { containerTable } from "../../src/views/containers/model.ts";
import { logSources } from "../../src/views/logs/log-sources.ts";
import { objectYaml, yamlLines } from "../../src/views/yaml/model.ts";
import { hostileObject, seeded } from "../support/hostile-objects.ts";
import { MemoryCluster } from "../support/memory-cluster.ts";

/** `KELPIE_FUZZ_SEED=7` tries other objects. */
const SEED = Number(process.env["KELPIE_FUZZ_SEED"] ?? 1);
const OBJECTS = 8;
const NOW = Date.parse("2026-01-01T00:00:00Z");
const CONTEXT = { now: NOW, usage: () => ({ cpu: 0.1, memory: 1e6 }), isForwarded: () => true };

/** Objects of a kind, ever worse. */
function objectsOf(kind: KindDefinition): KubeObject[] {
  const { group, version } = kind.gvr;
  const random = seeded(SEED * 7919 + kinds.indexOf(kind));
  return Array.from({ length: OBJECTS }, (_, index) => {
    const apiVersion = group === "" ? version : `${group}/${version}`;
    const text = hostileObject(random, { apiVersion, kind: kind.kind, index, malice: index / (OBJECTS * 3) });
    const object = readWholeObject(JSON.parse(text), { ...kind.gvr, kind: kind.kind });
    if (object === undefined) throw new Error(`no object: ${text}`);
    return object;
  });
}

const all: readonly Member[] = kinds.flatMap((kind) => objectsOf(kind).map((object) => ({ ...kind.gvr, object })));
const byResource = Map.groupBy(all, ({ group, resource }) => `${group}/${resource}`);
const membersOf = (group: string, resource: string): readonly KubeObject[] =>
  (byResource.get(`${group}/${resource}`) ?? []).map(({ object }) => object);
const events = membersOf("", "events");
const graph = new RelationGraph(all, new Set(byResource.keys()), NOW);
const { metrics } = new MemoryCluster("none");

test.each(kinds.map((kind) => ({ name: kind.gvr.resource, kind })))(
  `Everything that is said of malformed $name is text (seed ${SEED})`,
  ({ kind }) => {
    for (const object of membersOf(kind.gvr.group, kind.gvr.resource)) {
      for (const column of kind.columns) {
        expect(typeof column.text(object, CONTEXT), column.id).toBe("string");
        expect(["string", "number", "undefined"]).toContain(typeof column.sortKey?.(object, CONTEXT));
        expect(column.sortKey?.(object, CONTEXT), column.id).not.toBeNaN();
        column.tone?.(object, CONTEXT);
      }
      kind.tone?.(object, CONTEXT);
      kind.drillDown?.(object);
      expect(["string", "undefined"]).toContain(typeof kind.podSelector?.(object));

      const related = new Map(
        [...relatedQueries(kind.gvr, object), ...diagnosisQueries(kind.gvr, object)].map(({ key, gvr }) => [
          key,
          membersOf(gvr.group, gvr.resource),
        ]),
      );
      const input = { object, events, related, now: NOW };
      const described = describeObject(kind.gvr, input);
      const logs = logTails(kind.gvr, input).map((tail) => ({ ...tail, lines: ["last words"] }));
      const diagnosed = writeDiagnosis(kind.gvr, input, logs, undefined);
      for (const line of [...described, ...diagnosed]) {
        expect(JSON.stringify(line)).not.toMatch(/\[object Object\]|undefined|function Object/);
      }
      for (const entry of dataEntries(object)) expect(typeof entry.key).toBe("string");
      for (const line of yamlLines(objectYaml(object, { decode: true }))) expect(line).toBeDefined();
      const whole = parseYaml(objectYaml({ ...object, kind: "Any" }, { decode: false }));
      expect(whole).toEqual({ ...object, kind: "Any" });
    }
  },
);

test.each(kinds.map((kind) => ({ name: kind.gvr.resource, kind })))(
  `Relations, logs and revisions of malformed $name are found or left out (seed ${SEED})`,
  ({ kind }) => {
    for (const object of membersOf(kind.gvr.group, kind.gvr.resource).slice(0, 12)) {
      const member = { ...kind.gvr, object };
      expect(graph.tree(member).key).toEqual(expect.any(String));
      graph.usersOf(member);
      graph.alone(member);
    }
    for (const object of membersOf(kind.gvr.group, kind.gvr.resource)) {
      for (const source of logSources(object, { container: undefined, previous: false })) {
        expect(typeof source.container).toBe("string");
      }
      for (const row of containerTable(object, metrics.get(), NOW).rows) {
        for (const cell of row.cells) expect(typeof cell.text).toBe("string");
      }
      for (const revision of revisionsOf(object, membersOf("apps", "replicasets"))) expect(revision).toBeDefined();
    }
  },
);

/** RFC 7386 with own fields only: what a server does. */
function applied(base: unknown, patch: unknown): unknown {
  if (!isRecord(patch)) return patch;
  const result = new Map(isRecord(base) ? Object.entries(base) : []);
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) result.delete(key);
    else result.set(key, applied(result.get(key), value));
  }
  return Object.fromEntries(result);
}

/** Changes fields of an object here and there, as its owner does in an editor. */
function edited(random: () => number, value: unknown): unknown {
  if (Array.isArray(value)) return value.map((each) => edited(random, each));
  if (!isRecord(value)) return random() < 0.1 ? "changed" : value;
  const kept = Object.entries(value).filter(() => random() > 0.1);
  const fresh = ["constructor", "__proto__", "toString", "new"].filter(() => random() < 0.1).map((key) => [key, "x"]);
  return Object.fromEntries([...kept.map(([key, each]) => [key, edited(random, each)]), ...fresh]);
}

/** JSON without nulls, which a merge patch cannot set. */
function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value;
  if (!isRecord(value)) return value;
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, each]) => (each === null ? [] : [[key, withoutNulls(each)]])),
  );
}

test(`The patch of an edit makes the edited object, whatever its fields are called (seed ${SEED})`, () => {
  const random = seeded(SEED);
  for (const { object } of all) {
    const before = withoutNulls(cleanForEdit(object));
    const after = withoutNulls(edited(random, before));
    const patch = computePatch(before, after);
    expect(patch === undefined ? before : applied(before, patch)).toEqual(after);
    expect(mergeEdits(before, before, after).merged).toEqual(after);
    expect(mergeEdits(before, after, before).merged).toEqual(after);
  }
});

test(`An edit without a change differs in nothing, and one of the name is refused (seed ${SEED})`, () => {
  for (const { object } of all.filter((_, index) => index % 8 === 0)) {
    const text = editableYaml(object);
    expect(editDiff(object, text)).toEqual([]);
    expect(computePatch(cleanForEdit(object), parseEdited(text, object))).toBeUndefined();
    const other = { ...cleanForEdit(object), metadata: { ...object.metadata, name: "other" } };
    expect(() => parseEdited(toYaml(other), object)).toThrow(/name cannot be edited/);
  }
});
