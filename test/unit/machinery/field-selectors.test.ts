import { expect, test } from "vitest";
import { fieldsOf, isSupportedField } from "../../../src/embedded/machinery/field-selectors.ts";

test("name and namespace can be selected on every kind, other fields only where upstream allows", () => {
  expect(isSupportedField("Deployment", "metadata.name")).toBe(true);
  expect(isSupportedField("Deployment", "spec.replicas")).toBe(false);
  expect(isSupportedField("Pod", "spec.nodeName")).toBe(true);
  expect(isSupportedField("Event", "involvedObject.name")).toBe(true);
  expect(isSupportedField("Pod", "involvedObject.name")).toBe(false);
});

test("fields read as text, absent flags and counts as their zero", () => {
  const read = fieldsOf({
    kind: "Pod",
    metadata: { name: "a", namespace: "b" },
    spec: { nodeName: "n" },
    status: { phase: "Running" },
  });
  expect(["metadata.name", "spec.nodeName", "status.phase", "spec.hostNetwork", "status.podIP"].map(read)).toEqual([
    "a",
    "n",
    "Running",
    "false",
    "",
  ]);
  expect(fieldsOf({ kind: "ReplicaSet", metadata: {} })("status.replicas")).toBe("0");
  expect(fieldsOf({ kind: "Node", metadata: {}, spec: { unschedulable: true } })("spec.unschedulable")).toBe("true");
});
