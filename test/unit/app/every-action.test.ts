import { afterEach, expect, test } from "vitest";
import { actions } from "../../../src/hotkeys/registry.ts";
import { Cleanup } from "../../support/cluster-fixture.ts";
import { PATIENCE } from "../../support/patience.ts";
import { MARKED, OTHER, tryEveryAction, type Trial } from "../../support/every-action.ts";

const cleanup = new Cleanup();
afterEach(() => cleanup.run());

/** Every one there is: a new action is covered without a change here. */
const mutating = actions.filter((action) => action.mutates === true).map(({ id }) => id);

const writers = (trials: readonly Trial[]): readonly string[] => [
  ...new Set(trials.filter(({ writes }) => writes.length > 0).map(({ action }) => action.id)),
];
/** A session asks nothing before it begins, and a dry run changes nothing; neither happens in read-only mode. */
const isHarmless = ({ path, dryRun }: Trial["writes"][number]): boolean => dryRun || /\/(exec|attach)$/.test(path);

/** What may be done at once where a context is open: it takes nothing away, and the same key takes it back. */
const WITHOUT_QUESTION = ["node.uncordon"];

test(
  "No mutating action sends a write in read-only mode, not even where the UI lets it through",
  { timeout: 5 * PATIENCE },
  async () => {
    const trials = await tryEveryAction(cleanup, {
      dialogs: "agree",
      force: true,
      prepare: (cluster) => cluster.writes.setReadOnly(true),
    });
    expect(mutating.filter((id) => !trials.some(({ action }) => action.id === id))).toEqual([]);
    expect(writers(trials)).toEqual([]);
  },
);

test(
  "Where writing is allowed they write, after an answer, and only to what was listed",
  { timeout: 5 * PATIENCE },
  async () => {
    const trials = await tryEveryAction(cleanup, { dialogs: "agree", force: false });
    expect(mutating.filter((id) => !writers(trials).includes(id))).toEqual([]);
    for (const { action, asked, writes, targets } of trials) {
      const firstAnswer = asked[0]?.atRequest ?? Number.POSITIVE_INFINITY;
      const listed = asked.map(({ text }) => text).join("\n");
      for (const write of writes) {
        if (!isHarmless(write) && !WITHOUT_QUESTION.includes(action.id)) {
          expect(write.index, `${action.id} writes before it asks`).toBeGreaterThanOrEqual(firstAnswer);
        }
        const name = [...MARKED, OTHER].find((each) => write.path.split("/").includes(each));
        if (name === undefined) continue;
        const told = asked.length > 0 ? listed : targets.join("\n");
        expect(told, `${action.id} does not list what it touches`).toContain(name);
      }
    }
    const bulk = trials.filter(({ writes }) =>
      MARKED.every((name) => writes.some(({ path }) => path.split("/").includes(name))),
    );
    expect(bulk.map(({ action }) => action.id)).toEqual(expect.arrayContaining(["resource.delete", "resource.label"]));
  },
);

test.each(["open", "confirm", "type-name"] as const)(
  "In a context that is %s nothing is written where every dialog is cancelled",
  { timeout: 5 * PATIENCE },
  async (protection) => {
    const trials = await tryEveryAction(cleanup, {
      dialogs: "cancel",
      force: false,
      prepare: (cluster) => cluster.writes.setProtection(protection),
    });
    const written = trials.filter(({ writes }) => writes.some((write) => !isHarmless(write)));
    expect([...new Set(written.map(({ action }) => action.id))]).toEqual(protection === "open" ? WITHOUT_QUESTION : []);
    const asked = trials.filter((trial) => trial.asked.length > 0).map(({ action }) => action.id);
    expect(asked.length).toBeGreaterThan(20);
  },
);
