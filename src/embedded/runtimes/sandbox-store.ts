import { mkdirSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { asNumber, asString, isRecord } from "../../lib/kube/object.ts";
import { readText, writeAtomically } from "./container-files.ts";
import { RuntimeError } from "./runtime-error.ts";
import type { SandboxSpec, SandboxState } from "./runtime.ts";

/** A pod's sandbox as it is kept on disk. */
export interface StoredSandbox {
  readonly spec: SandboxSpec;
  readonly ip: string | undefined;
  readonly createdAt: number;
}

/** The sandboxes of a runtime, one file each. */
export class SandboxStore {
  readonly #directory: string;
  readonly #stored = new Map<string, StoredSandbox>();

  constructor(directory: string) {
    this.#directory = directory;
  }

  load(): void {
    mkdirSync(this.#directory, { recursive: true, mode: 0o755 });
    for (const name of readdirSync(this.#directory)) {
      if (!name.endsWith(".json")) continue;
      const stored = parseSandbox(readText(join(this.#directory, name)) ?? "null");
      if (stored !== undefined) this.#stored.set(stored.spec.id, stored);
    }
  }

  all(): StoredSandbox[] {
    return [...this.#stored.values()];
  }

  find(id: string): StoredSandbox | undefined {
    return this.#stored.get(id);
  }

  /** @throws RuntimeError `SandboxNotFound` */
  get(id: string): StoredSandbox {
    const stored = this.#stored.get(id);
    if (stored === undefined) throw new RuntimeError("SandboxNotFound", `there is no sandbox of pod "${id}"`);
    return stored;
  }

  save(sandbox: StoredSandbox): void {
    if (!/^[\w.-]+$/.test(sandbox.spec.id)) {
      throw new RuntimeError("FailedCreatePodSandBox", `"${sandbox.spec.id}" is no name for a sandbox`);
    }
    this.#stored.set(sandbox.spec.id, sandbox);
    writeAtomically(join(this.#directory, `${sandbox.spec.id}.json`), JSON.stringify(sandbox));
  }

  delete(id: string): void {
    if (this.#stored.delete(id)) rmSync(join(this.#directory, `${id}.json`), { force: true });
  }
}

export function sandboxState({ spec, ip, createdAt }: StoredSandbox): SandboxState {
  return { id: spec.id, namespace: spec.namespace, podName: spec.podName, ip, createdAt };
}

function parseSandbox(text: string): StoredSandbox | undefined {
  const value: unknown = JSON.parse(text);
  if (!isRecord(value) || !isRecord(value["spec"]) || asString(value["spec"]["id"]) === "") return undefined;
  const ip = asString(value["ip"]);
  return {
    spec: value["spec"] as unknown as SandboxSpec,
    ip: ip === "" ? undefined : ip,
    createdAt: asNumber(value["createdAt"]),
  };
}
