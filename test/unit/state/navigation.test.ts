import { expect, test } from "vitest";
import { Navigation, type Place } from "../../../src/state/navigation.ts";

class Spot implements Place {
  readonly name: string;
  readonly #log: string[];

  constructor(name: string, log: string[]) {
    this.name = name;
    this.#log = log;
  }

  show(): void {
    this.#log.push(`+${this.name}`);
  }

  hide(): void {
    this.#log.push(`-${this.name}`);
  }

  dispose(): void {
    this.#log.push(`x${this.name}`);
  }
}

function navigation(): { nav: Navigation<Spot>; log: string[]; spot: (name: string) => Spot } {
  const log: string[] = [];
  return { nav: new Navigation<Spot>(), log, spot: (name) => new Spot(name, log) };
}

test("Going deeper hides, coming back shows the same place and gives up the other", () => {
  const { nav, log, spot } = navigation();
  const [pods, logs] = [spot("pods"), spot("logs")];
  nav.start("pods", pods);
  nav.push("logs", logs);
  expect(nav.back()).toBe(true);
  expect(nav.front).toBe(pods);
  expect(log).toEqual(["+pods", "-pods", "+logs", "-logs", "+pods", "xlogs"]);
});

test("At the root, back goes to the trail before, and at the very first says no", () => {
  const { nav, spot } = navigation();
  nav.start("pods", spot("pods"));
  nav.push("logs", spot("logs"));
  nav.start("services", spot("services"));
  expect(nav.back()).toBe(true);
  expect(nav.trail.get().places.map(({ title }) => title)).toEqual(["pods", "logs"]);
  nav.back();
  expect(nav.back()).toBe(false);
});

test("History goes back, forward and between the last two", () => {
  const { nav, spot } = navigation();
  for (const name of ["a", "b", "c"]) nav.start(name, spot(name));
  nav.history("back");
  nav.history("back");
  expect(nav.front?.name).toBe("a");
  expect(nav.history("back")).toBe(false);
  nav.history("forward");
  expect(nav.front?.name).toBe("b");
  nav.history("last");
  expect(nav.front?.name).toBe("a");
  nav.history("last");
  expect(nav.front?.name).toBe("b");
});

test("A new trail gives up what was ahead, and old trails are given up at last", () => {
  const { nav, log, spot } = navigation();
  nav.start("a", spot("a"));
  nav.start("b", spot("b"));
  nav.history("back");
  nav.start("c", spot("c"));
  expect(log).toContain("xb");
  for (let index = 0; index < 12; index += 1) nav.start(`n${index}`, spot(`n${index}`));
  expect(log).toContain("xa");
  expect(nav.front?.name).toBe("n11");
});

test("Clearing gives up everything", () => {
  const { nav, log, spot } = navigation();
  nav.start("a", spot("a"));
  nav.push("b", spot("b"));
  nav.clear();
  expect(log.slice(-3)).toEqual(["-b", "xb", "xa"]);
  expect(nav.front).toBeUndefined();
});
