import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createClusters } from "../../src/cluster/clusters.ts";
import type { Settings } from "../../src/config/settings-schema.ts";
import { apiClient, type ApiAnswer } from "./api-client.ts";
import { startEmbeddedCluster, type EmbeddedCluster, type EmbeddedClusterOptions } from "./embedded-cluster.ts";
import { JumpingClock } from "./jumping-clock.ts";
import { PATIENCE } from "./patience.ts";
import { TestScreen } from "./screen.ts";

const GROUPS: Readonly<Record<string, string>> = { deployments: "/apis/apps/v1", replicasets: "/apis/apps/v1" };

/** An embedded cluster, a namespace in use, and one screen at a time on it. */
export class EmbeddedStage {
  #cluster: EmbeddedCluster | undefined;
  #screen: TestScreen | undefined;
  #namespace = "default";

  async open(options: EmbeddedClusterOptions): Promise<void> {
    this.#cluster = await startEmbeddedCluster(options);
  }

  async close(): Promise<void> {
    await this.closeScreen();
    await this.#cluster?.dispose();
  }

  async closeScreen(): Promise<void> {
    await this.#screen?.close();
    this.#screen = undefined;
  }

  get cluster(): EmbeddedCluster {
    if (this.#cluster === undefined) throw new Error("the embedded cluster does not run");
    return this.#cluster;
  }

  get screen(): TestScreen {
    if (this.#screen === undefined) throw new Error("there is no screen");
    return this.#screen;
  }

  /** The whole program on the cluster, once the screen matches. */
  async start(
    initialCommand: string,
    shown: RegExp,
    settings: Partial<Settings> = {},
    env: Readonly<Record<string, string>> = {},
    kubeconfig = this.cluster.kubeconfig,
  ): Promise<TestScreen> {
    await this.closeScreen();
    const clusters = createClusters({ overrides: { kubeconfig }, env: {} });
    this.#screen = await TestScreen.open({
      clusters,
      initialCommand,
      settings,
      env: { PATH: process.env["PATH"] ?? "", EDITOR: "false", ...env },
      clock: new JumpingClock(),
      columns: 160,
      rows: 40,
    });
    await this.#screen.untilShown(shown);
    return this.#screen;
  }

  /** Makes a namespace and works in it from now on. */
  async namespace(name: string): Promise<void> {
    await this.#call("/api/v1/namespaces", "POST", { metadata: { name } });
    this.#namespace = name;
  }

  async create(resource: string, ...objects: readonly object[]): Promise<void> {
    for (const object of objects) await this.#call(this.#path(resource), "POST", object);
  }

  async patch(resource: string, name: string, patch: object): Promise<void> {
    await this.#call(`${this.#path(resource)}/${name}`, "PATCH", patch);
  }

  /** Resolves when the object in the API is so. */
  async until(resource: string, name: string, holds: (object: ApiAnswer["body"]) => boolean): Promise<void> {
    await this.#poll(`${resource} ${name}`, async () => {
      const { code, body } = await apiClient(this.cluster).call(`${this.#path(resource)}/${name}`);
      return code === 200 && holds(body);
    });
  }

  async untilGone(resource: string, name: string): Promise<void> {
    await this.#poll(`${resource} ${name} gone`, async () => {
      const { code } = await apiClient(this.cluster).call(`${this.#path(resource)}/${name}`);
      return code === 404;
    });
  }

  /** An editor that replaces one text by another, as a person would. @returns its command */
  editor(from: string, to: string): string {
    const path = join(this.cluster.directory, "editor");
    writeFileSync(path, `#!/bin/sh\nsed -i 's/${from}/${to}/' "$1"\n`);
    chmodSync(path, 0o700);
    return path;
  }

  #path(resource: string): string {
    const scope = resource === "nodes" ? "" : `/namespaces/${this.#namespace}`;
    return `${GROUPS[resource] ?? "/api/v1"}${scope}/${resource}`;
  }

  async #call(path: string, method: string, body: object): Promise<void> {
    const headers = method === "PATCH" ? { "content-type": "application/strategic-merge-patch+json" } : {};
    const { code, text } = await apiClient(this.cluster).call(path, { method, body, headers });
    if (code >= 300) throw new Error(`${method} ${path}: ${text}`);
  }

  async #poll(what: string, look: () => Promise<boolean>): Promise<void> {
    const deadline = Date.now() + PATIENCE;
    while (!(await look())) {
      if (Date.now() > deadline) throw new Error(`never came true: ${what}\n${this.#screen?.text() ?? ""}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    await this.#screen?.idle();
  }
}
