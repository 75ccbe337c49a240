import { expect, test } from "vitest";
import { parseColumnSpec, parseSortSpec } from "../../src/lib/column-spec.ts";
import { parseJsonPath } from "../../src/lib/json-path.ts";

const pod = {
  metadata: { name: "web", labels: { team: "a", "app.kubernetes.io/name": "shop" } },
  spec: {
    containers: [
      { name: "main", image: "nginx:1", resources: { requests: { cpu: "250m" } }, ports: [{ containerPort: 80 }] },
      { name: "side", image: "envoy:2" },
      { name: "third", image: "x:3", ports: [{ containerPort: 90 }, { containerPort: 91 }] },
    ],
  },
  status: {
    conditions: [
      { type: "Ready", status: "True" },
      { type: "Initialized", status: "False" },
    ],
    count: 3,
  },
};

// What `kubectl get pod -o jsonpath` prints for the same object.
test.for([
  [".metadata.name", ["web"]],
  ["{.metadata.name}", ["web"]],
  ["$.metadata.name", ["web"]],
  ["metadata.name", ["web"]],
  [".metadata.labels.team", ["a"]],
  [String.raw`.metadata.labels.app\.kubernetes\.io/name`, ["shop"]],
  [".metadata.labels['app.kubernetes.io/name']", ["shop"]],
  [String.raw`.metadata.labels['app\.kubernetes\.io/name']`, ["shop"]],
  ['.metadata["name","missing"]', ["web"]],
  [".spec.containers[0].image", ["nginx:1"]],
  [".spec.containers[-1].name", ["third"]],
  [".spec.containers[7].name", []],
  [".spec.containers[*].name", ["main", "side", "third"]],
  [".spec.containers.[0].name", ["main"]],
  [".spec.containers[0,2].name", ["main", "third"]],
  [".spec.containers[1:].name", ["side", "third"]],
  [".spec.containers[:2].name", ["main", "side"]],
  [".spec.containers[-2:].name", ["side", "third"]],
  [".spec.containers[0:3:2].name", ["main", "third"]],
  ["..containerPort", [80, 90, 91]],
  [".metadata.labels.*", ["a", "shop"]],
  ['.status.conditions[?(@.type=="Ready")].status', ["True"]],
  [".status.conditions[?(@.type != 'Ready')].type", ["Initialized"]],
  [".spec.containers[?(@.ports)].name", ["main", "third"]],
  [".spec.containers[*].ports[?(@.containerPort>80)].containerPort", [90, 91]],
  [".spec.containers[*].ports[?(@.containerPort<=80)].containerPort", [80]],
  ['.spec.containers[?(@.resources.requests.cpu=="250m")].name', ["main"]],
  [".nothing.at.all", []],
  [".metadata.name.first", []],
  [".metadata.constructor", []],
] as const)("%s", ([path, expected]) => {
  expect(parseJsonPath(path)(pod)).toEqual(expected);
});

test.for(["", "{}", ".a.", ".a[", ".a[]", ".a[x]", ".a[?(@.b==)]", ".a[?(@.b==1]", ".a b", ".a[0:2:0]"])(
  "%j is no path",
  (path) => {
    expect(() => parseJsonPath(path)).toThrow(SyntaxError);
  },
);

test("no path through anything throws", () => {
  const values = [null, undefined, 3, "x", [], [[1]], {}, { a: null }, { __proto__: { a: 1 } }];
  for (const path of [".a.b", "..a", ".a[0]", ".a[*].b", ".a[?(@.b>1)]", ".a[-1:]", ".*"]) {
    for (const value of values) expect(Array.isArray(parseJsonPath(path)(value))).toBe(true);
  }
});

test("a column has a title, a path and a type, or is one of the kind's own", () => {
  expect(parseColumnSpec("restarts")).toEqual({ own: "restarts" });
  const spec = parseColumnSpec("cpu: .spec.containers[0].resources.requests.cpu | quantity");
  expect(spec).toMatchObject({ title: "CPU", type: "quantity" });
  expect("path" in spec ? spec.path(pod) : []).toEqual(["250m"]);
  for (const fault of ["", "A:", ":.a", "A:.a|colour", "A:.a["])
    expect(() => parseColumnSpec(fault)).toThrow(SyntaxError);
});

test("a sort is a column with a direction", () => {
  expect(parseSortSpec("AGE")).toEqual({ title: "AGE", descending: false });
  expect(parseSortSpec("AGE:desc")).toEqual({ title: "AGE", descending: true });
  for (const fault of ["", "AGE:down", "A:asc:x"]) expect(() => parseSortSpec(fault)).toThrow(SyntaxError);
});
