import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { createClusters } from "../../src/cluster/clusters.ts";
import { createLogger } from "../../src/lib/log.ts";
import { Cleanup, writeKubeconfig } from "../support/cluster-fixture.ts";
import { startFakeApiServer } from "../support/fake-api-server.ts";
import { TestScreen } from "../support/screen.ts";

const cleanup = new Cleanup();
afterEach(() => cleanup.run());

const base64 = (text: string): string => Buffer.from(text).toString("base64");

/** Values that must never be seen, nor what they are encoded as. */
const BEFORE = "canary-of-the-password-before";
const AFTER = "canary-of-the-password-after-";
const TOKEN = "canary-of-the-bearer-token";
const APPLIED = "canary-of-the-applied-value";
const CANARIES = [BEFORE, AFTER, APPLIED, TOKEN].flatMap((text) => [text, base64(text)]);

const secret = {
  apiVersion: "v1",
  kind: "Secret",
  type: "Opaque",
  metadata: {
    name: "vault",
    namespace: "default",
    uid: "uid-of-the-vault",
    annotations: {
      "kubectl.kubernetes.io/last-applied-configuration": JSON.stringify({
        kind: "Secret",
        data: { password: base64(APPLIED) },
        stringData: { plain: APPLIED },
      }),
    },
  },
  data: { password: base64(BEFORE) },
};

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .map((name) => join(folder, name))
    .filter((path) => statSync(path).isFile());
}

test("Values of secrets and tokens are on no screen, in no file and in no log, whatever is done with them", async () => {
  const server = await startFakeApiServer({ token: TOKEN });
  cleanup.add(() => server.close());
  server.push(secret);
  const logged: string[] = [];
  const logger = createLogger("debug", (line) => logged.push(line));
  const kubeconfig = await writeKubeconfig(cleanup, server.kubeconfig);
  const app = await TestScreen.open({
    clusters: createClusters({ overrides: { kubeconfig }, env: {}, logger }),
    initialCommand: "secrets default",
    columns: 160,
    rows: 50,
    logger,
    env: { PATH: process.env["PATH"] ?? "", EDITOR: `sed -i s/${base64(BEFORE)}/${base64(AFTER)}/` },
  });
  cleanup.add(() => app.close());
  const screens: string[] = [];
  const press = async (...keys: readonly string[]): Promise<void> => {
    for (const key of keys) {
      await app.press(key);
      screens.push(app.text());
    }
  };
  await app.untilShown(/vault/);

  await press(
    "table.wide",
    "table.save",
    "enter",
    "table.save",
    "down",
    "enter",
    "table.save",
    "down",
    "down",
    "enter",
  );
  for (const view of ["describe", "yaml", "diagnosis", "relations", "used-by", "data"]) {
    await press(`resource.${view}`, "move.page-down", ...(view === "yaml" ? ["text.save", "text.managed-fields"] : []));
    await press("escape");
  }
  await press("open", "open", "escape", "escape");

  await press("resource.edit");
  expect(app.text()).toContain("changed>");
  await press("tab", "enter");
  await app.untilShown(/vault (edited|changed|saved)|secret vault/);
  expect(server.requests.some(({ method, body }) => method === "PATCH" && body.includes(base64(AFTER)))).toBe(true);

  const end = server.intercept(({ method }) =>
    method === "PATCH"
      ? {
          kind: "status",
          code: 422,
          message: `data: Invalid value: "${base64(AFTER)}": no; stringData: Invalid value: "${AFTER}"`,
        }
      : undefined,
  );
  await press("resource.label");
  await app.type("a=b");
  await press("enter", "escape");
  end();

  await app.type(":journal");
  await press("enter");
  await app.untilShown(/secrets? default\/vault/);
  await press("journal.open", "move.page-down", "escape", "move.down", "journal.open", "escape", "journal.undo");
  expect(app.text()).toContain("Undo");
  await press("tab", "enter");

  await app.type(":secrets default");
  await press("enter");
  await app.untilShown(/vault/);
  await press("resource.delete", "tab", "tab", "enter");
  await app.type(":journal");
  await press("enter", "journal.undo");
  screens.push(app.text());
  await app.ui.controller.close();

  const kept = filesBelow(app.home).map((path) => readFileSync(path, "utf8"));
  expect(kept.join("\n")).toContain("vault");
  expect(screens.join("\n")).toContain("password");
  const bytes = app.takeBytes();
  for (const canary of CANARIES) {
    expect(screens.filter((text) => text.includes(canary))).toEqual([]);
    expect(kept.filter((text) => text.includes(canary))).toEqual([]);
    expect(logged.filter((line) => line.includes(canary))).toEqual([]);
    expect(bytes.includes(canary)).toBe(false);
  }
});
