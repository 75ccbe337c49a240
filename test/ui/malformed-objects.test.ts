import { afterEach, expect, test } from "vitest";
import { readWholeObject } from "../../src/cluster/row-reader.ts";
import { errorMessage, KelpieError } from "../../src/lib/errors.ts";
import type { Logger, LogFields } from "../../src/lib/log.ts";
import { kinds } from "../../src/resources/kinds/index.gen.ts";
import { hostileObject, seeded } from "../support/hostile-objects.ts";
import { MemoryCluster, memoryClusters } from "../support/memory-cluster.ts";
import { TestScreen } from "../support/screen.ts";

/** `KELPIE_FUZZ_SEED=7` tries other objects. */
const SEED = Number(process.env["KELPIE_FUZZ_SEED"] ?? 1);
const OBJECTS = 8;

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

/** Move, sort or choose a namespace: they read no more of an object than the table does. */
const HARMLESS = /^(move|sort|namespace|history|app|mark)\./;

let open: TestScreen | undefined;
afterEach(async () => {
  await open?.close();
  open = undefined;
});

/** Faults of kelpie's own that the program caught and reported, in place of ending. */
function recordingLogger(faults: string[]): Logger {
  const record = (message: string, fields: LogFields = {}): void => {
    const { error, ...rest } = fields;
    if (error instanceof KelpieError) return;
    const stack = error instanceof Error ? (error.stack ?? "").split("\n").slice(0, 4).join("\n") : "";
    faults.push(`${message} ${JSON.stringify(rest)}: ${errorMessage(error)}\n${stack}`);
  };
  const logger: Logger = { error: record, warn: record, info() {}, debug() {}, child: () => logger };
  return logger;
}

/** Control characters that only text from outside can have brought: kelpie itself writes CSI sequences and newlines. */
// oxlint-disable-next-line no-control-regex -- finding control characters is what it is for
const RAW = /\u001B[\]P_^X]|[\u0000-\u0008\u000B\u000C\u000E-\u001A\u007F-\u009F\u202A-\u202E\u2066-\u2069]/;

/** The one string kelpie sends to the terminal: text for its clipboard, in base64. */
// oxlint-disable-next-line no-control-regex -- terminals speak in control characters
const CLIPBOARD = /\u001B\]52;c;[A-Za-z0-9+/=]*\u0007/g;

test.each(kinds.map((kind) => ({ name: kind.gvr.resource, kind })))(
  `malformed $name neither end the program nor reach the terminal raw (seed ${SEED})`,
  async ({ kind }) => {
    const { group, version, resource: name } = kind.gvr;
    const random = seeded(SEED + kinds.indexOf(kind) * 1000);
    const cluster = new MemoryCluster("prod", { namespace: "default" });
    const resource = cluster.resource(name);
    const apiVersion = group === "" ? version : `${group}/${version}`;
    for (let index = 0; index < OBJECTS; index += 1) {
      const text = hostileObject(random, { apiVersion, kind: kind.kind, index, malice: index === 0 ? 0.06 : 0.15 });
      const object = readWholeObject(JSON.parse(text), resource);
      if (object !== undefined) cluster.put(name, object);
    }
    const faults: string[] = [];
    const app = await TestScreen.open({
      clusters: memoryClusters([cluster]),
      columns: 100,
      rows: 30,
      initialCommand: `${name} all`,
      logger: recordingLogger(faults),
    });
    open = app;
    const { controller } = app.ui;
    expect(app.text()).toContain(`[${OBJECTS}]`);
    const check = (what: string): void => {
      expect(faults, `${what}\n${app.text()}`).toEqual([]);
      expect(app.text(), what).not.toMatch(/could not be drawn|Cannot read|is not (a function|iterable)/);
      expect(RAW.exec(app.takeBytes().replaceAll(CLIPBOARD, ""))?.[0], what).toBeUndefined();
    };
    check("the table");
    await app.press("table.wide");
    check("the wide table");
    for (let turn = 0; turn <= kind.columns.length; turn += 1) controller.navigation.front?.command("sort.right");
    for (const filter of ["web", "!web", "-f wb", "age:>1h", "status:x", "app=web", ""]) {
      controller.navigation.front?.command("search.set", filter);
    }
    await app.press("sort.name", "move.top");
    check("sorted and filtered");
    const table = controller.navigation.front;
    for (const { action, reason } of controller.hints()) {
      if (reason !== undefined || LEAVES.has(action.id) || HARMLESS.test(action.id)) continue;
      controller.runAction(action.id);
      await app.idle();
      check(action.id);
      // What it opened is left as it came.
      while (controller.dialogs.front.get() !== undefined) await app.press("escape");
      controller.prompt.close();
      if (controller.navigation.front === table) continue;
      for (const move of ["move.down", "move.bottom", "move.top"]) controller.navigation.front?.command(move);
      await app.idle();
      check(`${action.id}, read to its end`);
      while (controller.navigation.front !== table && controller.navigation.back());
      expect(controller.navigation.front).toBe(table);
    }
    await app.idle();
    check("everything");
  },
);
