import { expect, test } from "vitest";
import { applyDefaults } from "../../../src/embedded/machinery/defaulting.ts";
import { applyMergePatch } from "../../../src/embedded/machinery/patch/merge-patch.ts";
import { serverSideApply, trackManagedFields } from "../../../src/embedded/machinery/patch/ssa/server-side-apply.ts";
import { StatusError } from "../../../src/embedded/machinery/status-error.ts";
import { schemaFromOpenApi, schemaOf, type Schema } from "../../../src/embedded/schema/schema.ts";
import {
  asArray,
  asRecord,
  asRecords,
  asString,
  at,
  type Json,
  type KubeObject,
} from "../../../src/lib/kube/object.ts";
import { readFixture } from "./fixture.ts";

const fixture = readFixture("server-side-apply");

/** The schema the API server makes of the CRD: its own, and `metadata` as every object has it. */
function fixtureSchema(): Schema {
  const [version] = asRecords(at(fixture["crd"], "spec", "versions"));
  const source = asRecord(at(version, "schema", "openAPIV3Schema"));
  const metadata = {
    type: "object",
    properties: {
      ...Object.fromEntries(
        ["labels", "annotations"].map((name) => [name, { type: "object", additionalProperties: { type: "string" } }]),
      ),
      ...Object.fromEntries(["name", "namespace", "uid", "resourceVersion"].map((name) => [name, { type: "string" }])),
      generation: { type: "integer" },
      creationTimestamp: { type: "string", format: "date-time" },
    },
  };
  const type = { apiVersion: { type: "string" }, kind: { type: "string" }, metadata };
  return schemaFromOpenApi({ ...source, properties: { ...asRecord(source["properties"]), ...type } });
}

const schema = fixtureSchema();

function objectOf(value: unknown): KubeObject {
  const record = asRecord(value);
  return { ...record, metadata: asRecord(record["metadata"]) };
}

/** The recording drops empty label maps. */
function withoutEmptyLabels(object: KubeObject): KubeObject {
  const { labels, annotations, ...rest } = object.metadata;
  return {
    ...object,
    metadata: {
      ...rest,
      ...(Object.keys(labels ?? {}).length > 0 ? { labels } : {}),
      ...(Object.keys(annotations ?? {}).length > 0 ? { annotations } : {}),
    },
  };
}

const VOLATILE = { namespace: "default", name: "bar", uid: "*", resourceVersion: "*", creationTimestamp: "*" };

interface Request {
  readonly method: string;
  readonly path: string;
  readonly contentType: string;
  readonly body: unknown;
}

/** What the server does with a request, without storing it. */
function answer(live: KubeObject | undefined, request: Request): KubeObject {
  const query = new URL(request.path, "https://kelpie.invalid").searchParams;
  const actor = { manager: query.get("fieldManager") ?? "", apiVersion: "fz.com/v1", schema, now: "*" };
  const identified = (object: KubeObject): KubeObject => ({
    ...object,
    apiVersion: "fz.com/v1",
    kind: "Bar",
    metadata: { ...object.metadata, ...VOLATILE },
  });
  if (request.contentType.startsWith("application/apply-patch")) {
    const applied = objectOf(request.body);
    return identified(serverSideApply({ ...actor, live, applied, force: query.get("force") === "true" }));
  }
  const body =
    request.method === "PATCH" ? applyMergePatch(live as unknown as Json, request.body as Json) : request.body;
  const after = withoutEmptyLabels(identified(objectOf(body)));
  return identified(trackManagedFields({ ...actor, before: live, after, operation: "Update" }));
}

/** Order of entries and the conflict's times depend on masked times: entries are compared by name. */
function comparable(object: KubeObject): unknown {
  const { generation: _generation, managedFields, ...metadata } = withoutEmptyLabels(object).metadata;
  const entries = asRecords(managedFields).map((entry) => JSON.stringify(sorted(entry)));
  return sorted({ ...object, metadata: { ...metadata, managedFields: entries.toSorted() } });
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, child]) => [key, sorted(child)]),
  );
}

/** Go orders the causes as its maps come: by chance. */
function conflict(status: unknown): unknown {
  const causes = asArray(at(status, "details", "causes")).map((cause) => JSON.stringify(sorted(cause)));
  return sorted({ ...asRecord(status), details: causes.toSorted() });
}

const conflictOf = (live: KubeObject | undefined, request: Request): unknown => {
  try {
    return answer(live, request);
  } catch (error) {
    // The recording leaves out the times of conflicts.
    if (error instanceof StatusError) return JSON.parse(JSON.stringify(error.toStatus()).replaceAll(" at *", ""));
    throw error;
  }
};

test("2,242 recorded operations give what the API server gave", () => {
  const sequences = asArray(fixture["sequences"]).map((sequence) => asRecords(sequence));
  const differences: unknown[] = [];
  let operations = 0;
  for (const [index, sequence] of sequences.entries()) {
    let live: KubeObject | undefined;
    for (const [step, recorded] of sequence.entries()) {
      operations += 1;
      const request: Request = {
        method: asString(recorded["method"]),
        path: asString(recorded["path"]),
        contentType: asString(recorded["contentType"]),
        body: recorded["body"],
      };
      const made = conflictOf(live, request);
      const where = `${index}/${step}`;
      if (recorded["status"] === 422) {
        // The server refused the null that pruning left: ours must have left it too.
        const field = asString(at(recorded, "response", "details", "causes", 0, "field"));
        const path = field.replaceAll("]", "").split(/[.[]/);
        const place = path.map((part) => (/^\d+$/.test(part) ? Number(part) : part));
        if (at(made, ...place) !== null) differences.push({ where, field, made });
        continue;
      }
      const response = recorded["response"];
      if (recorded["status"] === 409) {
        if (JSON.stringify(conflict(made)) !== JSON.stringify(conflict(response)))
          differences.push({ where, made, response });
        continue;
      }
      const wanted = comparable(objectOf(response));
      if (JSON.stringify(comparable(objectOf(made))) !== JSON.stringify(wanted)) {
        differences.push({ where, made: comparable(objectOf(made)), wanted });
        break;
      }
      live = withoutEmptyLabels(objectOf(made));
    }
  }
  expect(differences).toEqual([]);
  expect(operations).toBe(2242);
});

const now = "2026-01-02T03:04:05Z";
const later = "2026-01-02T03:04:06Z";
const deploymentSchema = schemaOf("apps/v1", "Deployment");
const deployment = (spec: unknown): KubeObject => ({
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: { name: "web", namespace: "default" },
  spec,
});
const actor = { manager: "helm", apiVersion: "apps/v1", schema: deploymentSchema, force: false, now };

test("ports of a container are told apart by number and protocol, with its default", () => {
  const applied = deployment({
    template: {
      spec: { containers: [{ name: "web", ports: [{ containerPort: 53 }, { containerPort: 53, protocol: "UDP" }] }] },
    },
  });
  const object = serverSideApply({ ...actor, live: undefined, applied });
  const fields = at(
    object,
    "metadata",
    "managedFields",
    0,
    "fieldsV1",
    "f:spec",
    "f:template",
    "f:spec",
    "f:containers",
  );
  expect(Object.keys(asRecord(at(fields, 'k:{"name":"web"}', "f:ports")))).toEqual([
    'k:{"containerPort":53,"protocol":"TCP"}',
    'k:{"containerPort":53,"protocol":"UDP"}',
  ]);
});

test("an apply that changes nothing keeps its time", () => {
  const applied = deployment({ replicas: 2 });
  const first = serverSideApply({ ...actor, live: undefined, applied });
  const second = serverSideApply({ ...actor, live: first, applied, now: later });
  expect(second).toEqual(first);
});

test("a field of another manager is a conflict, by force it is taken", () => {
  const live = trackManagedFields({
    ...actor,
    manager: "kubectl-scale",
    before: undefined,
    after: deployment({ replicas: 1 }),
    operation: "Update",
  });
  const applied = deployment({ replicas: 2 });
  expect(() => serverSideApply({ ...actor, live, applied })).toThrow(
    expect.objectContaining({
      code: 409,
      message: `Apply failed with 1 conflict: conflict with "kubectl-scale" using apps/v1 at ${now}: .spec.replicas`,
    }),
  );
  const forced = serverSideApply({ ...actor, live, applied, force: true });
  expect(forced.metadata.managedFields).toEqual([expect.objectContaining({ manager: "helm", operation: "Apply" })]);
});

test("what was written before anyone applied belongs to before-first-apply", () => {
  const live = { ...deployment({ replicas: 1, paused: true }) };
  const object = serverSideApply({ ...actor, live, applied: deployment({ replicas: 1 }) });
  expect(asRecords(object.metadata.managedFields).map(({ manager }) => manager)).toEqual([
    "helm",
    "before-first-apply",
  ]);
  expect(object["spec"]).toEqual({ replicas: 1, paused: true });
});

test("fields a request cannot set are not owned", () => {
  const applied = { ...deployment({ replicas: 1 }), status: { replicas: 3 } };
  const object = serverSideApply({ ...actor, live: undefined, applied, resetFields: [["status"]] });
  expect(at(object, "metadata", "managedFields", 0, "fieldsV1")).toEqual({ "f:spec": { "f:replicas": {} } });
});

test("an update can reset managed fields", () => {
  const before = serverSideApply({ ...actor, live: undefined, applied: deployment({ replicas: 1 }) });
  const after = { ...before, metadata: { ...before.metadata, managedFields: [{}] } };
  const object = trackManagedFields({ ...actor, before, after, operation: "Update" });
  expect(object.metadata.managedFields).toBeUndefined();
});

test("what Go always writes is nobody's: a created pod's managed fields are those of a real cluster", () => {
  const pod: KubeObject = {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: "nginx", namespace: "default", labels: { run: "nginx" } },
    spec: { containers: [{ name: "nginx", image: "nginx" }] },
  };
  const object = trackManagedFields({
    manager: "kubectl-run",
    apiVersion: "v1",
    schema: schemaOf("v1", "Pod"),
    now,
    before: undefined,
    after: applyDefaults(pod),
    operation: "Update",
  });
  expect(object.metadata.managedFields).toEqual([
    {
      manager: "kubectl-run",
      operation: "Update",
      apiVersion: "v1",
      time: now,
      fieldsType: "FieldsV1",
      fieldsV1: {
        "f:metadata": { "f:labels": { ".": {}, "f:run": {} } },
        "f:spec": {
          "f:containers": {
            'k:{"name":"nginx"}': {
              ".": {},
              "f:image": {},
              "f:imagePullPolicy": {},
              "f:name": {},
              "f:resources": {},
              "f:terminationMessagePath": {},
              "f:terminationMessagePolicy": {},
            },
          },
          "f:dnsPolicy": {},
          "f:enableServiceLinks": {},
          "f:restartPolicy": {},
          "f:schedulerName": {},
          "f:securityContext": {},
          "f:terminationGracePeriodSeconds": {},
        },
      },
    },
  ]);
});

test("kubectl takes what its client-side apply set without force, and keeps the annotation true", () => {
  const annotation = "kubectl.kubernetes.io/last-applied-configuration";
  const config = deployment({ replicas: 1, paused: true });
  const created = {
    ...config,
    metadata: { ...config.metadata, annotations: { [annotation]: JSON.stringify(config) } },
  };
  const client = { ...actor, manager: "kubectl-client-side-apply" };
  const live = trackManagedFields({ ...client, before: undefined, after: created, operation: "Update" });
  const applied = deployment({ replicas: 2, paused: true });
  const object = serverSideApply({ ...actor, manager: "kubectl", live, applied });
  expect(object["spec"]).toEqual({ replicas: 2, paused: true });
  expect(JSON.parse(object.metadata.annotations?.[annotation] ?? "")).toMatchObject({ spec: { replicas: 2 } });
  expect(() => serverSideApply({ ...actor, manager: "helm", live, applied })).toThrow(/conflict/);

  const scaled = { ...live, spec: { replicas: 5, paused: true } };
  const changed = trackManagedFields({ ...actor, manager: "hpa", before: live, after: scaled, operation: "Update" });
  expect(() => serverSideApply({ ...actor, manager: "kubectl", live: changed, applied })).toThrow(
    /conflict with "hpa" using apps\/v1 at [^:]+:\d+:\d+Z: \.spec\.replicas/,
  );
});

test("lists whose items cannot be told apart are refused", () => {
  const apply = (containers: unknown): unknown =>
    serverSideApply({ ...actor, live: undefined, applied: deployment({ template: { spec: { containers } } }) });
  const where =
    "failed to create typed patch object (default/web; apps/v1, Kind=Deployment): .spec.template.spec.containers";
  expect(() => apply([{ name: "a" }, { name: "a" }])).toThrow(
    expect.objectContaining({ code: 400, message: `${where}: duplicate entries for key [name="a"]` }),
  );
  const bar: KubeObject = {
    apiVersion: "fz.com/v1",
    kind: "Bar",
    metadata: { name: "b", namespace: "default" },
    spec: { lm: [{ name: "a" }, { v: "1" }] },
  };
  expect(() => serverSideApply({ ...actor, schema, live: undefined, applied: bar })).toThrow(
    /\(default\/b; fz\.com\/v1, Kind=Bar\): \.spec\.lm: element 1: associative list with keys has an element that omits key field "name"/,
  );
});
