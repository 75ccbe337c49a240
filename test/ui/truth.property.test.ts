import { afterEach, expect, test } from "vitest";
import { seeded } from "../support/hostile-objects.ts";
import { memoryClusters, MemoryCluster, runningPod } from "../support/memory-cluster.ts";
import { TestScreen } from "../support/screen.ts";

let open: TestScreen | undefined;
afterEach(async () => {
  await open?.close();
  open = undefined;
});

const LETTERS = "abcdefghijklmnopqrstuvwxyz".split("");

/** A cluster in which pods come, go, come again under the same name, and change their state. */
class Unrest {
  readonly cluster = new MemoryCluster("dev");
  /** Uid by name. */
  readonly pods = new Map<string, string>();
  readonly #random: () => number;
  #made = 0;

  constructor(random: () => number) {
    this.#random = random;
    for (const letter of LETTERS.slice(0, 14)) this.put(`web-${letter}`);
  }

  put(name: string): void {
    this.#made += 1;
    const uid = `uid-${name}-${this.#made}`;
    this.remove(name);
    this.pods.set(name, uid);
    const hour = String(Math.floor(this.#random() * 23)).padStart(2, "0");
    const waiting = this.#random() < 0.3 ? { waiting: "CrashLoopBackOff" } : {};
    this.cluster.put("pods", runningPod(name, { uid, creationTimestamp: `2025-12-31T${hour}:00:00Z`, ...waiting }));
  }

  remove(name: string): void {
    const uid = this.pods.get(name);
    if (uid === undefined) return;
    this.cluster.remove("pods", runningPod(name, { uid }));
    this.pods.delete(name);
  }

  /** One of the pods there are; none when there are none. */
  any(): string | undefined {
    return [...this.pods.keys()][Math.floor(this.#random() * this.pods.size)];
  }

  /** Some pods come, go, or change. */
  stir(): void {
    for (let changes = 1 + Math.floor(this.#random() * 4); changes > 0; changes -= 1) {
      const name = `web-${LETTERS[Math.floor(this.#random() * LETTERS.length)]}`;
      if (this.#random() < 0.4) this.remove(name);
      else this.put(name);
    }
  }
}

function selected(app: TestScreen): string | undefined {
  return app
    .rows()
    .find((row) => row.endsWith(" *selected*"))
    ?.replace(" *selected*", "");
}

test.each([1, 2, 3, 4, 5, 6])(
  "What is deleted is what was on the screen at the key, whatever happens then (seed %i)",
  async (seed) => {
    const random = seeded(seed);
    const unrest = new Unrest(random);
    const { cluster } = unrest;
    open = await TestScreen.open({ clusters: memoryClusters([cluster]), rows: 16 });
    const app = open;
    const keys = [
      "move.down",
      "move.up",
      "move.bottom",
      "move.top",
      "sort.age",
      "sort.status",
      "sort.name",
      "sort.reverse",
    ];
    for (let round = 0; round < 15; round += 1) {
      await app.press(keys[Math.floor(random() * keys.length)] ?? "move.down");
      unrest.stir();
      await app.advance(1000);
      const name = selected(app);
      if (name === undefined) continue;
      const uid = unrest.pods.get(name);
      await app.press("resource.delete");
      expect(app.text()).toContain(`Delete pod ${name}?`);
      // Meanwhile: other rows, another order, and perhaps another pod under the same name.
      unrest.stir();
      if (random() < 0.5) unrest.put(name);
      await app.idle();
      expect(app.text()).toContain(`Delete pod ${name}?`);
      await app.press("tab", "enter");
      expect(cluster.deleted.at(-1)).toBe(uid);
    }
    expect(cluster.deleted.length).toBeGreaterThan(10);
  },
);

test.each([11, 12, 13])(
  "A key that comes with a change never acts on what just came under the cursor (seed %i)",
  async (seed) => {
    const random = seeded(seed);
    const unrest = new Unrest(random);
    open = await TestScreen.open({ clusters: memoryClusters([unrest.cluster]), rows: 30 });
    const app = open;
    let refused = 0;
    for (let round = 0; round < 12; round += 1) {
      await app.press(random() < 0.5 ? "move.down" : "move.up");
      await app.advance(1000);
      const name = selected(app);
      if (name === undefined) continue;
      const uid = unrest.pods.get(name);
      unrest.stir();
      if (random() < 0.6) unrest.remove(name);
      await app.press("resource.delete");
      if (unrest.pods.get(name) === uid) {
        expect(app.text()).toContain(`Delete pod ${name}?`);
        await app.press("escape");
      } else {
        expect(app.text()).not.toContain("Delete pod");
        expect(app.line(-1)).toMatch(/Delete: (another object has just come under the cursor|nothing is selected)/);
        refused += 1;
        await app.advance(1000);
      }
    }
    expect(refused).toBeGreaterThan(0);
  },
);

test.each([21, 22, 23])("Filter, sort, cursor and scroll are as they were on the way back (seed %i)", async (seed) => {
  const random = seeded(seed);
  const cluster = new MemoryCluster("dev");
  for (let index = 0; index < 80; index += 1) {
    cluster.put("pods", runningPod(`${index % 3 === 0 ? "api" : "web"}-${String(index).padStart(2, "0")}`));
  }
  open = await TestScreen.open({ clusters: memoryClusters([cluster]) });
  const app = open;
  await app.press(random() < 0.5 ? "sort.name" : "sort.age");
  if (random() < 0.7) {
    await app.press("app.search");
    await app.type("web");
    await app.press("enter");
  }
  for (let steps = Math.floor(random() * 40); steps > 0; steps -= 1) await app.press("move.down");
  for (let steps = Math.floor(random() * 9); steps > 0; steps -= 1) await app.press("move.up");
  const [rows, title] = [app.rows(), app.lines().find((line) => line.includes("pods(default)"))];
  for (const way of ["resource.describe", "resource.yaml", "enter"]) {
    await app.press(way);
    expect(app.rows()).not.toEqual(rows);
    await app.press("app.back");
    expect(app.rows()).toEqual(rows);
  }
  await app.press(":");
  await app.type("deploy");
  await app.press("enter", "history.back");
  expect(app.rows()).toEqual(rows);
  expect(app.lines().find((line) => line.includes("pods(default)"))).toBe(title);
});
