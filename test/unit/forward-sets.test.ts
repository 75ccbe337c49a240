import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { readForwardSets, renameForwardSets, writeForwardSet } from "../../src/config/forward-sets.ts";

let folder = "";
let file = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "kelpie-sets-"));
  file = join(folder, "config", "port-forwards.yaml");
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const WEB = { target: "deployment/web", namespace: "shop", port: "http", local: 8080 };
const DB = { target: "pod/db-0", namespace: "shop", port: 5432, local: 0 };

test("sets are written for their owner alone, and read again", async () => {
  expect(await readForwardSets(file)).toEqual({});
  await writeForwardSet(file, "prod", "all", [WEB, DB]);
  await writeForwardSet(file, "arn:aws:eks:eu:1:cluster/x", "one", [DB]);
  expect(await readForwardSets(file)).toEqual({
    prod: { all: [WEB, DB] },
    "arn:aws:eks:eu:1:cluster/x": { one: [DB] },
  });
  expect(statSync(file).mode & 0o777).toBe(0o600);
});

test("writing one set keeps the others and the comments", async () => {
  await writeForwardSet(file, "prod", "all", [WEB]);
  writeFileSync(file, readFileSync(file, "utf8").replace("    all:", "    # Mornings.\n    all:"));
  await writeForwardSet(file, "prod", "db", [DB]);
  const text = readFileSync(file, "utf8");
  expect(text).toContain("# Mornings.\n    all:");
  await writeForwardSet(file, "prod", "all", []);
  expect(await readForwardSets(file)).toEqual({ prod: { db: [DB] } });
  await writeForwardSet(file, "prod", "db", []);
  expect(await readForwardSets(file)).toEqual({});
});

test("the sets of a context follow its name, and never hide those of another", async () => {
  await writeForwardSet(file, "prod", "all", [WEB]);
  expect(await renameForwardSets(file, "prod", "shop-prod")).toBe(true);
  expect(await readForwardSets(file)).toEqual({ "shop-prod": { all: [WEB] } });
  await writeForwardSet(file, "dev", "all", [DB]);
  expect(await renameForwardSets(file, "dev", "shop-prod")).toBe(false);
});

test.each([
  { text: "contexts: [", fault: /:1: / },
  {
    text: "contexts:\n  prod:\n    all:\n      - target: web\n        namespace: shop\n        port: 80\n",
    fault: /:4: contexts\.prod\.all\.0\.target: expected kind\/name/,
  },
  {
    text: "contexts:\n  prod:\n    all:\n      - target: pod/web\n        namespace: shop\n        port: 0\n",
    fault: /:6: contexts\.prod\.all\.0\.port: Too small: expected number to be >=1/,
  },
  {
    text: "contexts:\n  prod:\n    all:\n      - target: pod/web\n        namespace: shop\n        port: 80\n        remote: 1\n",
    fault: /:7: contexts\.prod\.all\.0\.remote: unknown field/,
  },
])("a fault is told with file and line: $fault", async ({ text, fault }) => {
  await writeForwardSet(file, "x", "y", [WEB]);
  writeFileSync(file, text);
  await expect(readForwardSets(file)).rejects.toThrow(fault);
  await expect(readForwardSets(file)).rejects.toThrow(file);
  // What has a fault is not written over.
  await expect(writeForwardSet(file, "x", "y", [WEB])).rejects.toThrow(fault);
  expect(readFileSync(file, "utf8")).toBe(text);
});
