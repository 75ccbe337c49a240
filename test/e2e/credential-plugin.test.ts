import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { startFakeApiServer, type FakeApiServer } from "../support/fake-api-server.ts";
import { fakeKubeconfig } from "../support/fake-kubeconfig.ts";
import { PtyProgram } from "../support/program.ts";

let server: FakeApiServer;
let home = "";
let ui: PtyProgram | undefined;
beforeEach(async () => {
  server = await startFakeApiServer({ pods: 3, token: "of-the-plugin" });
  home = mkdtempSync(join(tmpdir(), "kelpie-plugin-"));
});
afterEach(async () => {
  ui?.kill("SIGKILL");
  await ui?.exited;
  ui = undefined;
  await server.close();
  rmSync(home, { recursive: true, force: true });
});

test("A plugin that asks for a password on the terminal gets the whole terminal, never the keys of the screen", async () => {
  const apiVersion = "client.authentication.k8s.io/v1";
  const credential = JSON.stringify({ kind: "ExecCredential", apiVersion, status: { token: "of-the-plugin" } });
  writeFileSync(
    join(home, "login"),
    `#!/bin/sh
exec 3<>/dev/tty || exit 3
printf 'Password of the plugin: ' >&3
read -r password <&3
[ "$password" = open ] && echo '${credential}'
`,
    { mode: 0o755 },
  );
  const exec = { apiVersion, command: "./login", interactiveMode: "IfAvailable" };
  writeFileSync(join(home, "kubeconfig"), fakeKubeconfig({ server: server.url, user: { exec } }));
  const env = {
    PATH: process.env["PATH"],
    HOME: home,
    KELPIE_HOME: join(home, "kelpie"),
    KUBECONFIG: join(home, "kubeconfig"),
  };
  ui = new PtyProgram(["-c", "pods default"], { env, columns: 110, rows: 30 });
  await ui.waitFor(/Run this credential plugin\?/);
  ui.write("\t");
  ui.write("\r");
  await ui.waitFor(/^Password of the plugin:/m);
  expect(ui.buffer).toBe("normal");
  expect(ui.text()).not.toContain("kelpie");
  ui.write("open\r");
  await ui.waitFor(/── pods\(.* live ─/);
  expect(ui.buffer).toBe("alternate");
  expect(ui.text()).not.toContain("Password");
});
