import { expect, test } from "vitest";
import {
  checkTypes,
  pruneUnknownFields,
  strictDecodingError,
  unknownFields,
} from "../../../src/embedded/machinery/strict-decoding.ts";
import { schemaFromOpenApi, schemaOf } from "../../../src/embedded/schema/schema.ts";
import { asRecord, asRecords, type KubeObject } from "../../../src/lib/kube/object.ts";
import { readFixture } from "./fixture.ts";

const deployment = (spec: unknown): KubeObject => ({
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: { name: "web", labels: { any: "label" } },
  spec,
});
const schema = schemaOf("apps/v1", "Deployment");
const withContainer = (container: unknown): KubeObject =>
  deployment({ template: { spec: { containers: [{ name: "a" }, container] } } });

test("unknown fields are named by their path", () => {
  const object = {
    ...withContainer({ name: "b", imagePolicy: "x", resources: { limits: { "any/name": 1 } } }),
    extra: 1,
  };
  expect(unknownFields(object, schema)).toEqual(["spec.template.spec.containers[1].imagePolicy", "extra"]);
  expect(pruneUnknownFields(object, schema)).toEqual(
    withContainer({ name: "b", resources: { limits: { "any/name": 1 } } }),
  );
});

test("the strict error reads as upstream's", () => {
  const error = strictDecodingError("apps/v1", "Deployment", ['unknown field "spec.x"', 'unknown field "spec.y"']);
  expect(error).toMatchObject({
    code: 400,
    reason: "BadRequest",
    message:
      'Deployment in version "v1" cannot be handled as a Deployment: strict decoding error: unknown field "spec.x", unknown field "spec.y"',
  });
});

test("an object that preserves unknown fields has none", () => {
  const free = schemaFromOpenApi({
    type: "object",
    properties: { spec: { type: "object", "x-kubernetes-preserve-unknown-fields": true, properties: {} } },
  });
  expect(unknownFields({ metadata: {}, spec: { a: { b: 1 } }, other: 1 }, free)).toEqual(["metadata", "other"]);
});

test("no sample of a built-in kind has an unknown field", () => {
  const samples = asRecords(readFixture("protobuf-samples")["samples"]).map((sample) => asRecord(sample["json"]));
  const found = samples.flatMap((json) => {
    const object: KubeObject = { ...json, metadata: asRecord(json["metadata"]) };
    const known = schemaOf(object.apiVersion ?? "", object.kind ?? "");
    if (known === undefined || !("metadata" in json)) return [];
    expect(() => checkTypes(object, known)).not.toThrow();
    return unknownFields(object, known).map((field) => `${object.kind}: ${field}`);
  });
  expect(found).toEqual([]);
  expect(samples.length).toBeGreaterThan(100);
});

test.for([
  [deployment({ replicas: "3" }), "string into Go struct field DeploymentSpec.spec.replicas of type int32"],
  [
    withContainer({ env: [{ name: "A", value: 1 }] }),
    "number into Go struct field EnvVar.spec.template.spec.containers.env.value of type string",
  ],
  [
    withContainer({ ports: {} }),
    "object into Go struct field Container.spec.template.spec.containers.ports of type []v1.ContainerPort",
  ],
  [deployment([]), "array into Go struct field Deployment.spec of type v1.DeploymentSpec"],
  [deployment({ paused: "yes" }), "string into Go struct field DeploymentSpec.spec.paused of type bool"],
  [deployment({ replicas: 2.5 }), "number 2.5 into Go struct field DeploymentSpec.spec.replicas of type int32"],
] as const)("a value of a wrong type is refused: %$", ([object, words]) => {
  expect(() => checkTypes(object, schema)).toThrow(
    expect.objectContaining({
      code: 400,
      message: `Deployment in version "v1" cannot be handled as a Deployment: json: cannot unmarshal ${words}`,
    }),
  );
});

test("a quantity that is none is refused", () => {
  expect(() => checkTypes(withContainer({ resources: { limits: { cpu: "lots" } } }), schema)).toThrow(
    /quantities must match the regular expression/,
  );
});

test("secret data that is no base64 is refused", () => {
  const secret: KubeObject = { apiVersion: "v1", kind: "Secret", metadata: { name: "s" }, data: { a: "no base64!" } };
  expect(() => checkTypes(secret, schemaOf("v1", "Secret"))).toThrow(/illegal base64 data at input byte 2/);
});
