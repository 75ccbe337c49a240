import { afterEach, expect, test } from "vitest";
import type { Logger, LogFields } from "../../src/lib/log.ts";
import { errorMessage } from "../../src/lib/errors.ts";
import { deployment, memoryClusters, MemoryCluster, runningPod } from "../support/memory-cluster.ts";
import { seeded } from "../support/hostile-objects.ts";
import { TestScreen } from "../support/screen.ts";

let open: TestScreen | undefined;
afterEach(async () => {
  await open?.close();
  open = undefined;
});

const SIZES = [
  [200, 50],
  [40, 10],
  [20, 5],
  [1, 1],
] as const;

function cluster(): MemoryCluster {
  const made = new MemoryCluster("dev");
  for (let index = 1; index <= 30; index += 1) made.put("pods", runningPod(`web-${index}`, { labels: { app: "web" } }));
  made.put("deployments", deployment("web", 3));
  made.put("nodes", { apiVersion: "v1", kind: "Node", metadata: { name: "node-1", uid: "node-1" }, spec: {} });
  const metadata = { name: "login", namespace: "default", uid: "login" };
  made.put("secrets", { apiVersion: "v1", kind: "Secret", metadata, data: { password: "aHVudGVyMg==" } });
  return made;
}

async function start(initialCommand: string, faults: string[]): Promise<TestScreen> {
  const record = (message: string, fields: LogFields = {}): void => {
    faults.push(`${message} ${errorMessage(fields["error"])}`);
  };
  const logger: Logger = { error: record, warn() {}, info() {}, debug() {}, child: () => logger };
  open = await TestScreen.open({ clusters: memoryClusters([cluster()]), initialCommand, logger });
  return open;
}

/** Leave the terminal to another program, or end this one. */
const LEAVES = new Set([
  "app.quit",
  "resource.edit",
  "text.edit",
  "data.edit",
  "resource.shell",
  "resource.attach",
  "resource.debug",
  "node.shell",
]);

test.each(["pods", "deployments", "nodes", "secrets", "pulse", "ctx", "clusters", "journal", "pf"])(
  "%s, and every view and dialog that a key opens there, fit any terminal",
  async (command) => {
    const faults: string[] = [];
    const app = await start(command, faults);
    const { controller } = app.ui;
    const front = controller.navigation.front;
    const look = async (what: string): Promise<void> => {
      for (const [columns, rows] of SIZES) {
        await app.resize(columns, rows);
        expect(faults, `${what} at ${columns}x${rows}`).toEqual([]);
        expect(app.lines(), `${what} at ${columns}x${rows}`).toHaveLength(rows);
        if (columns >= 40) {
          expect(app.text(), `${what} at ${columns}x${rows}`).not.toMatch(/could not be drawn/);
          expect(app.text().trim(), `${what} at ${columns}x${rows}`).not.toBe("");
        }
        const dialog = controller.dialogs.front.get();
        if (dialog?.type === "confirm" && columns >= 40) {
          expect(app.text(), `${what} at ${columns}x${rows}`).toContain("Cancel");
        }
      }
      await app.resize(80, 24);
    };
    await look(command);
    for (const { action, reason } of controller.hints()) {
      if (reason !== undefined || LEAVES.has(action.id) || /^(move|sort|namespace|mark)\./.test(action.id)) continue;
      controller.runAction(action.id);
      await app.idle();
      const opened =
        controller.dialogs.front.get() !== undefined ||
        controller.prompt.state.get() !== undefined ||
        controller.navigation.front !== front;
      if (opened) await look(action.id);
      while (controller.dialogs.front.get() !== undefined) await app.press("escape");
      controller.prompt.close();
      while (controller.navigation.front !== front && controller.navigation.back());
      if (controller.navigation.front !== front) break;
    }
  },
);

test("Every size between a terminal of one cell and a large one is drawn, and the place comes back as it was", async () => {
  const faults: string[] = [];
  const app = await start("pods", faults);
  await app.press("move.down", "move.down", "mark.toggle");
  const before = app.text();
  const random = seeded(1);
  for (let turn = 0; turn < 80; turn += 1) {
    const columns = 1 + Math.floor(random() * 160);
    await app.resize(columns, 1 + Math.floor(random() * 60));
    if (turn % 40 === 10) await app.press("resource.delete");
    if (turn % 40 === 30) await app.press("escape");
  }
  if (app.ui.controller.dialogs.front.get() !== undefined) await app.press("escape");
  await app.resize(80, 24);
  expect(app.text()).toBe(before);
  expect(faults).toEqual([]);
});
