import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { EventHistory } from "../../../src/embedded/store/event-history.ts";
import { openStore } from "../../../src/embedded/store/sqlite-store.ts";
import type { StoreChange, StoreEvent } from "../../../src/embedded/store/store.ts";
import { StoredObject } from "../../../src/embedded/store/stored-object.ts";

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "kelpie-store-"));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const change = (type: StoreChange["type"], name: string, value = ""): StoreChange => ({
  type,
  key: { resource: "things", namespace: "default", name },
  object: { metadata: { name, namespace: "default" }, value },
});
const key = (name: string) => change("ADDED", name).key;

function eventOf(resourceVersion: number, text = ""): StoreEvent {
  const current = StoredObject.fromObject({ metadata: { name: "x" }, text }, resourceVersion);
  return { type: "MODIFIED", key: key("x"), resourceVersion, current, previous: undefined };
}

describe("the store", () => {
  it("has after a restart what was written, and goes on counting", async () => {
    const path = join(directory, "state.db");
    const first = await openStore(path);
    await first.write(change("ADDED", "kept", "1")).committed;
    await first.write(change("MODIFIED", "kept", "2")).committed;
    await first.write(change("ADDED", "gone")).committed;
    await first.write(change("DELETED", "gone")).committed;
    first.close();
    const second = await openStore(path);
    expect(second.list("things").map((stored) => stored.object["value"])).toEqual(["2"]);
    expect(second.get(key("kept"))?.object.metadata.resourceVersion).toBe("2");
    expect(second.write(change("ADDED", "next")).stored.resourceVersion).toBe(5);
    second.close();
  });

  it("shows a write at once and reports it when it is on the disk", async () => {
    const store = await openStore(":memory:");
    const seen: string[] = [];
    store.watch("things", ({ type, key: { name } }) => seen.push(`${type} ${name}`));
    const { committed } = store.write(change("ADDED", "one"));
    expect(store.get(key("one"))).toBeDefined();
    expect(seen).toEqual([]);
    await committed;
    expect(seen).toEqual(["ADDED one"]);
  });

  it("undoes and refuses what cannot be written", async () => {
    const path = join(directory, "state.db");
    const store = await openStore(path);
    await store.write(change("ADDED", "kept", "before")).committed;
    const other = new DatabaseSync(path);
    other.exec(
      "PRAGMA busy_timeout=0; CREATE TRIGGER full BEFORE INSERT ON objects BEGIN SELECT RAISE(ABORT, 'disk full'); END",
    );
    other.close();
    const refused = [change("MODIFIED", "kept", "after"), change("ADDED", "new")].map(
      (each) => store.write(each).committed,
    );
    await expect(refused[0]).rejects.toThrow("cannot write to the cluster's store: disk full");
    await expect(refused[1]).rejects.toThrow("disk full");
    expect(store.get(key("kept"))?.object["value"]).toBe("before");
    expect(store.get(key("new"))).toBeUndefined();
    store.close();
  });

  it("replays events after a resourceVersion and says when they are gone", async () => {
    const path = join(directory, "state.db");
    const first = await openStore(path);
    for (const name of ["a", "b", "c"]) await first.write(change("ADDED", name)).committed;
    const names: string[] = [];
    first.watch("things", (event) => names.push(event.key.name), 1);
    expect(names).toEqual(["b", "c"]);
    first.close();
    const second = await openStore(path);
    expect(second.watch("things", () => undefined, 1)).toEqual({ oldest: 3 });
    expect(second.watch("things", () => undefined, 3)).toHaveProperty("stop");
    second.close();
  });

  it("orders by namespace, then by name", async () => {
    const store = await openStore(":memory:");
    for (const [namespace, name] of [
      ["b", "a"],
      ["a-b", "z"],
      ["a", "z"],
      ["a", "a-1"],
      ["a", "a"],
    ] as const) {
      void store.write({
        type: "ADDED",
        key: { resource: "things", namespace, name },
        object: { metadata: { namespace, name } },
      });
    }
    await store.settled();
    expect(store.list("things").map(({ object: { metadata } }) => `${metadata.namespace}/${metadata.name}`)).toEqual([
      "a/a",
      "a/a-1",
      "a/z",
      "a-b/z",
      "b/a",
    ]);
  });

  it("refuses the file of a newer kelpie", async () => {
    const path = join(directory, "state.db");
    const newer = new DatabaseSync(path);
    newer.exec("PRAGMA user_version = 99");
    newer.close();
    await expect(openStore(path)).rejects.toThrow("has format 99; this kelpie knows 1");
  });
});

describe("the history of events", () => {
  it("keeps a bounded number", () => {
    const history = new EventHistory(0);
    for (let version = 1; version <= 10_000; version += 1) history.add(eventOf(version));
    expect(history.compacted).toBe(10_000 - 8192);
    expect(history.after(history.compacted)).toHaveLength(8192);
    expect(history.after(history.compacted - 1)).toBeUndefined();
    expect(history.after(9_999)?.map(({ resourceVersion }) => resourceVersion)).toEqual([10_000]);
    expect(history.after(10_000)).toEqual([]);
  });

  it("keeps a bounded number of bytes", () => {
    const history = new EventHistory(0);
    for (let version = 1; version <= 40; version += 1) history.add(eventOf(version, "x".repeat(2 ** 20)));
    expect(history.compacted).toBeGreaterThanOrEqual(24);
    expect(history.compacted).toBeLessThan(40);
  });
});
