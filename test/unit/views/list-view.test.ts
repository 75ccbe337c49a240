import { expect, test } from "vitest";
import { createValue } from "../../../src/lib/subscribable.ts";
import { ListView, type ListRow } from "../../../src/views/list-view.tsx";
import type { Freshness } from "../../../src/views/view.ts";

const columns = [{ title: "NAME" }, { title: "STATE" }];
const row = (key: string, state = "ok"): ListRow => ({ key, cells: [{ text: key }, { text: state }] });

function list(): { readonly view: ListView; readonly commands: string[] } {
  const commands: string[] = [];
  const view = new ListView({
    id: "containers",
    scopes: ["containers"],
    what: "things",
    freshness: createValue<Freshness>({ state: "static" }),
    empty: () => "nothing",
    selection: (key) => ({ targets: [], cursor: undefined, kind: undefined, container: key }),
    command: (name, key) => {
      commands.push(`${name} ${key ?? ""}`);
      return true;
    },
    show: () => undefined,
  });
  return { view, commands };
}

test("the cursor stays on its row when others come before it", () => {
  const { view, commands } = list();
  view.setRows(columns, [row("b"), row("c")]);
  view.command("move.down");
  expect(view.selection().container).toBe("c");
  view.setRows(columns, [row("a"), row("b"), row("c")]);
  view.command("open");
  expect(commands).toEqual(["open c"]);
});

test("the cursor stays near where its row was when that is gone", () => {
  const { view } = list();
  view.setRows(columns, [row("a"), row("b"), row("c")]);
  view.command("move.bottom");
  view.setRows(columns, [row("a"), row("b")]);
  expect(view.selection().container).toBe("b");
});

test("a filter hides rows, an inverse one the others, and Esc ends it", () => {
  const { view } = list();
  view.setRows(columns, [row("web", "Running"), row("setup", "Completed")]);
  view.command("search.set", "run");
  expect(view.title.get()).toMatchObject({ count: "1/2", filter: "/run" });
  expect(view.cursorKey()).toBe("web");
  view.command("search.set", "!run");
  expect(view.cursorKey()).toBe("setup");
  expect(view.escape()).toBe(true);
  expect(view.title.get().count).toBe("2");
  expect(view.escape()).toBe(false);
});

test("an invalid filter is said to be one and the rows stay", () => {
  const { view } = list();
  view.setRows(columns, [row("a"), row("b")]);
  view.command("search.set", "(");
  expect(view.title.get().fault).toBeDefined();
  expect(view.title.get().count).toBe("2");
});
