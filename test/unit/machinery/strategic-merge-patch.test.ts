import { expect, test } from "vitest";
import { asRecords, type Json } from "../../../src/lib/kube/object.ts";
import { applyStrategicMergePatch } from "../../../src/embedded/machinery/patch/strategic-merge-patch.ts";
import { schemaOf } from "../../../src/embedded/schema/schema.ts";
import { isJsonArray, isJsonObject } from "../../../src/embedded/machinery/json.ts";
import { readFixture } from "./fixture.ts";

/** Go leaves some directives and nulls of the patch in its result; typed decoding then drops them. */
function withoutLeftovers(value: Json): Json {
  if (isJsonArray(value)) {
    return value.filter((element) => !(isJsonObject(element) && "$patch" in element)).map(withoutLeftovers);
  }
  if (!isJsonObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key, field]) => field !== null && !key.startsWith("$"))
      .map(([key, field]) => [key, withoutLeftovers(field)]),
  );
}

test("600 patches made by the Go library give what the Go library makes of them", () => {
  const schema = schemaOf("apps/v1", "Deployment");
  const cases = asRecords(readFixture("strategic-merge-patch")["cases"]);
  expect(cases).toHaveLength(600);
  const differences = cases.flatMap(({ current, patch, result }, index) => {
    const before = JSON.stringify([current, patch]);
    const made = applyStrategicMergePatch(current as Json, patch as Json, schema);
    expect(JSON.stringify([current, patch])).toBe(before);
    const wanted = withoutLeftovers(result as Json);
    return JSON.stringify(sorted(made)) === JSON.stringify(sorted(wanted)) ? [] : [{ index, made, wanted, patch }];
  });
  expect(differences).toEqual([]);
});

function sorted(value: Json): Json {
  if (isJsonArray(value)) return value.map(sorted);
  if (!isJsonObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value)
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, field]) => [key, sorted(field)]),
  );
}
