import { chmod, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Closing } from "../../src/app/closing.ts";
import type { AppServices } from "../../src/app/context.ts";
import type { Cluster } from "../../src/cluster/cluster.ts";
import { resolvePaths } from "../../src/config/paths.ts";
import type { ConfirmRequest } from "../../src/hotkeys/action.ts";
import { silentLogger } from "../../src/lib/log.ts";
import { eventually, openFakeCluster, temporaryDirectory, type Cleanup } from "./cluster-fixture.ts";
import type { FakeApiServer } from "./fake-api-server.ts";
import { recordingHost } from "./view-host.ts";

/** Operations that open an editor, with a script in its place and a server that records. */
export interface EditRig {
  readonly server: FakeApiServer;
  readonly cluster: Cluster;
  readonly services: AppServices;
  readonly directory: string;
  readonly flashes: string[];
  readonly questions: ConfirmRequest[];
  /** What the dialog answers. */
  agree: boolean;
  /** What the editor saw, one text for each time it was opened. */
  seen(): Promise<readonly string[]>;
  /** The text whose place the last message names. */
  kept(): Promise<string>;
  /** Writes by method, with their bodies. */
  writes(method: string): ReadonlyArray<{ readonly path: string; readonly dryRun: boolean; readonly body: unknown }>;
}

/** @param scripts a shell script for each time the editor opens; `$1` is the file */
export async function editRig(cleanup: Cleanup, scripts: readonly string[]): Promise<EditRig> {
  const { server, cluster } = await openFakeCluster(cleanup, { pods: 0 });
  await eventually(cluster.catalog, (catalog) => catalog.state === "ready");
  const directory = await temporaryDirectory(cleanup);
  const editor = join(directory, "editor");
  const cases = scripts.map((script, index) => `${index + 1}) ${script} ;;`).join("\n");
  await writeFile(
    editor,
    `#!/bin/sh\nn=$(($(ls "${directory}" | grep -c '^seen-') + 1))\ncp "$1" "${directory}/seen-$n"\ncase $n in\n${cases}\nesac\n`,
  );
  await chmod(editor, 0o755);
  const { host, flashes } = recordingHost(cluster);
  const questions: ConfirmRequest[] = [];
  const services: AppServices = {
    clock: host.clock,
    logger: silentLogger,
    settings: host.settings,
    paths: resolvePaths({ KELPIE_HOME: directory }),
    env: { PATH: process.env["PATH"], EDITOR: editor },
    namespace: () => "default",
    closing: new Closing(),
    cluster: () => cluster,
    journal: () => [],
    app: {
      ...host.app,
      confirm: (request) => {
        questions.push(request);
        return Promise.resolve(rig.agree ? {} : undefined);
      },
    },
    suspend: (body) => body({ stdin: process.stdin, stdout: process.stdout }),
  };
  const rig: EditRig = {
    server,
    cluster,
    services,
    directory,
    flashes,
    questions,
    agree: true,
    seen: async () => {
      const names = (await readdir(directory)).filter((name) => name.startsWith("seen-")).sort();
      return Promise.all(names.map((name) => readFile(join(directory, name), "utf8")));
    },
    kept: async () => readFile(/your text is in (\S+): /.exec(flashes.at(-1) ?? "")?.[1] ?? "nowhere", "utf8"),
    writes: (method) =>
      server.requests
        .filter((request) => request.method === method && !request.path.includes("accessreviews"))
        .map((request) => ({
          path: request.path,
          dryRun: request.query.get("dryRun") === "All",
          body: JSON.parse(request.body) as unknown,
        })),
  };
  return rig;
}
