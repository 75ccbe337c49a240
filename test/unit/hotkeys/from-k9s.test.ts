import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { showKey } from "../../../src/hotkeys/keys.ts";
import { actions } from "../../../src/hotkeys/registry.ts";

const document = readFileSync(join(import.meta.dirname, "../../../docs/from-k9s.md"), "utf8");
/** `| k9s | `key` | `id` | …`: the rows that name an action. */
const rows = [...document.matchAll(/^\| .+? \| `([^`]+)` \| `([a-z0-9.-]+)` \|/gm)].map(
  ([, key = "", id = ""]) => [id, key] as const,
);

test("docs/from-k9s.md names actions", () => {
  expect(rows.length).toBeGreaterThan(50);
});

test.each(rows)("docs/from-k9s.md tells the key of %s", (id, key) => {
  const action = actions.find((each) => each.id === id);
  expect(action?.keys.map((each) => showKey(each))).toContain(key);
});
