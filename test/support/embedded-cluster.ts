import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startEngine, type Engine } from "../../src/embedded/engine.ts";
import { clusterKubeconfig } from "../../src/embedded/kubeconfig.ts";
import type { ClusterRegistry } from "../../src/embedded/server/create-registry.ts";
import { chooseRuntime } from "../../src/embedded/runtimes/ladder.ts";
import { systemClock } from "../../src/lib/clock.ts";
import { errorMessage } from "../../src/lib/errors.ts";
import { createLogger, silentLogger } from "../../src/lib/log.ts";

export interface EmbeddedCluster {
  /** `https://127.0.0.1:<port>` */
  readonly url: string;
  readonly port: number;
  readonly directory: string;
  /** File, and its text. */
  readonly kubeconfig: string;
  readonly kubeconfigText: string;
  /** The same objects without HTTP. */
  readonly registry: ClusterRegistry;
  /** Signs certificates of clients. */
  readonly ca: { readonly certificate: string; readonly key: string };
  readonly caCertificate: string;
  readonly admin: { readonly certificate: string; readonly key: string };
  /** Ends engine and pods and removes the directory. */
  dispose(): Promise<void>;
}

export interface EmbeddedClusterOptions {
  /** Runs pods: needs a machine whose runtime works. Without it pods stay Pending. Default `false`. */
  readonly withNode?: boolean;
}

/** Why no runtime works on this machine; `undefined` where pods can run. */
export async function whyNoPods(): Promise<string | undefined> {
  const directory = mkdtempSync(join(tmpdir(), "kelpie-probe-"));
  try {
    await chooseRuntime({ directory, clock: systemClock, logger: silentLogger });
    return undefined;
  } catch (error) {
    return errorMessage(error);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/**
 * An embedded cluster in this process, in a directory of its own, on a free port. Resolves when `/readyz` is ok and,
 * `withNode`, the node is ready. `KELPIE_TEST_LOG=1` writes the engine's log to standard error.
 */
export async function startEmbeddedCluster(options: EmbeddedClusterOptions = {}): Promise<EmbeddedCluster> {
  const directory = mkdtempSync(join(tmpdir(), "kelpie-test-"));
  const logger =
    process.env["KELPIE_TEST_LOG"] === "1"
      ? createLogger("debug", (line) => process.stderr.write(`${line}\n`))
      : silentLogger;
  const withNode = options.withNode === true;
  const parts = { directory, name: "test", port: 0, clock: systemClock, logger, withNode };
  const engine: Engine = await startEngine(parts);
  const dispose = async (): Promise<void> => {
    await engine.stop({ endPods: true });
    rmSync(directory, { recursive: true, force: true });
  };
  try {
    await engine.nodeReady;
  } catch (error) {
    await dispose();
    throw error;
  }
  const kubeconfig = join(directory, "kubeconfig");
  const kubeconfigText = clusterKubeconfig("kelpie", engine.port, engine.pki);
  writeFileSync(kubeconfig, kubeconfigText, { mode: 0o600 });
  return {
    url: `https://127.0.0.1:${engine.port}`,
    port: engine.port,
    directory,
    kubeconfig,
    kubeconfigText,
    registry: engine.registry,
    ca: engine.pki.ca,
    caCertificate: engine.pki.ca.certificate,
    admin: engine.pki.admin,
    dispose,
  };
}
