import { expect, test } from "vitest";
import type { Action, ActionContext, AppDoors } from "../../../src/hotkeys/action.ts";
import { createBindings, keyConflicts } from "../../../src/hotkeys/bindings.ts";
import { reasonAgainst, resolveKey } from "../../../src/hotkeys/dispatch.ts";
import { keysDocument } from "../../../src/hotkeys/help.ts";
import { actions } from "../../../src/hotkeys/registry.ts";
import { KelpieError } from "../../../src/lib/errors.ts";
import type { KindDefinition } from "../../../src/resources/kind.ts";
import { kinds } from "../../../src/resources/kinds/index.gen.ts";
import { presumedResource } from "../../../src/state/resource-names.ts";

const kindNamed = (resource: string): KindDefinition => {
  const found = kinds.find(({ gvr }) => gvr.resource === resource);
  if (found === undefined) throw new Error(`no kind ${resource}`);
  return found;
};

function contextOn(resource: string, change: Partial<ActionContext> = {}): ActionContext {
  const kind = kindNamed(resource);
  const target = {
    resource: presumedResource(kind),
    namespace: "default",
    name: "x",
    uid: "1",
    object: { metadata: { name: "x" } },
  };
  const refuse = (): never => {
    throw new KelpieError("not in this test");
  };
  return {
    targets: [target],
    cursor: target,
    kind,
    container: undefined,
    readOnly: false,
    app: new Proxy({} as AppDoors, { get: refuse }),
    view: { id: "resource-table", command() {} },
    ...change,
  };
}

const action = (id: string, change: Partial<Action> = {}): Action => ({
  id,
  title: id,
  keys: ["x"],
  scope: "table",
  group: "act",
  run() {},
  ...change,
});

test("No two built-in actions answer to one key", () => {
  expect(keyConflicts(actions, kinds)).toEqual([]);
});

test("A planted conflict is found, and capabilities that exclude each other are none", () => {
  expect(keyConflicts([action("a"), action("b")], kinds)).toEqual(["x in table: a and b"]);
  expect(keyConflicts([action("a"), action("a", { keys: ["y"] })], kinds)).toEqual(["a is defined twice"]);
  expect(keyConflicts([action("a", { needs: "shell" }), action("b", { needs: "scale" })], kinds)).toEqual([]);
  expect(keyConflicts([action("a", { needs: "yaml" }), action("b", { needs: "edit" })], kinds)).toHaveLength(1);
});

test("s is a shell on pods and a scale on deployments", () => {
  const bindings = createBindings(actions);
  expect(resolveKey(bindings, ["table"], "s", contextOn("pods"))).toMatchObject({ action: { id: "resource.shell" } });
  expect(resolveKey(bindings, ["table"], "s", contextOn("deployments"))).toMatchObject({
    type: "run",
    action: { id: "resource.scale" },
  });
});

test("A key of the view wins over one that works everywhere", () => {
  const bindings = createBindings([action("own"), action("everywhere", { scope: "global" })]);
  expect(resolveKey(bindings, ["table"], "x", contextOn("pods"))).toMatchObject({ action: { id: "own" } });
  expect(resolveKey(bindings, ["text"], "x", contextOn("pods"))).toMatchObject({ action: { id: "everywhere" } });
});

test("What cannot run says why", () => {
  const write = action("w", { mutates: true });
  expect(reasonAgainst(write, contextOn("pods", { readOnly: true }))).toContain("read-only");
  expect(reasonAgainst(action("l", { needs: "scale" }), contextOn("pods"))).toBe("Pod has no scale");
  expect(reasonAgainst(action("d", { needs: "delete" }), contextOn("pods", { targets: [] }))).toBe(
    "nothing is selected",
  );
  expect(reasonAgainst(write, contextOn("pods"))).toBeUndefined();
});

test("Every action that writes is off in read-only mode", () => {
  const writing = actions.filter((each) => each.mutates === true);
  expect(writing.length).toBeGreaterThan(4);
  for (const kind of kinds) {
    for (const each of writing) {
      expect(reasonAgainst(each, contextOn(kind.gvr.resource, { readOnly: true })), each.id).toBeDefined();
    }
  }
});

test("The user's keys replace the built-in ones, and an empty list unbinds", () => {
  const bindings = createBindings([action("a"), action("b", { keys: ["y"] })], { a: ["z"], b: [] });
  expect(bindings.find("table", "x")).toEqual([]);
  expect(bindings.find("table", "z")).toMatchObject([{ id: "a" }]);
  expect(bindings.find("table", "y")).toEqual([]);
});

test("A key for an action that does not exist is refused by name", () => {
  expect(() => createBindings([action("a")], { "no.such": ["x"] })).toThrow("keys.no.such names no action");
});

test("The page of keys names every action once", () => {
  const page = keysDocument(actions);
  for (const { id } of actions) expect(page.split(`\`${id}\``), id).toHaveLength(2);
});
