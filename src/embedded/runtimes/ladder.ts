import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Clock } from "../../lib/clock.ts";
import type { Logger } from "../../lib/log.ts";
import { NamespacesRuntime } from "./namespaces/namespaces-runtime.ts";
import { ProcessRuntime } from "./process/process-runtime.ts";
import { RuntimeError } from "./runtime-error.ts";
import type { ContainerRuntime, RuntimeName, RuntimeProbe } from "./runtime.ts";

export interface TriedRuntime {
  readonly name: RuntimeName;
  readonly probe: RuntimeProbe;
}

interface RungOptions {
  /** The cluster's directory. */
  readonly directory: string;
  readonly logger: Logger;
  readonly clock: Clock;
}

export interface ChooseRuntimeOptions extends RungOptions {
  /** Takes this rung or none. */
  readonly prefer?: RuntimeName;
}

/** The best runtime that works here, and what was found of every rung that was tried on the way. Starts nothing. */
export async function chooseRuntime(
  options: ChooseRuntimeOptions,
): Promise<{ readonly runtime: ContainerRuntime; readonly tried: readonly TriedRuntime[] }> {
  const rungs = [new NamespacesRuntime(options), new ProcessRuntime(options)];
  const wanted = rungs.filter(({ name }) => options.prefer === undefined || name === options.prefer);
  const tried: TriedRuntime[] = [];
  for (const runtime of wanted) {
    const probe = await runtime.probe();
    tried.push({ name: runtime.name, probe });
    if (probe.ok) return { runtime, tried };
  }
  const why = tried.flatMap(({ name, probe }) => (probe.ok ? [] : [`${name}: ${probe.limitation.message}`]));
  const what =
    options.prefer === undefined ? "No container runtime works here" : `Runtime ${options.prefer} does not work here`;
  throw new RuntimeError("RuntimeUnavailable", [what, ...why].join("; "), {
    hint: "`kelpie cluster doctor` tells what was tried",
  });
}

/** The rungs that {@link ChooseRuntimeOptions.prefer} may name. */
export const RUNGS = ["namespaces", "process"] as const satisfies readonly RuntimeName[];

/**
 * Ends what an engine that is gone left running, on whichever rung that was: all of it, or only what `keep` cannot
 * take over because it is another rung.
 */
export async function destroyLeftovers(options: RungOptions, keep?: RuntimeName): Promise<void> {
  const runtimeDirectory = join(options.directory, "runtime");
  if (!existsSync(runtimeDirectory)) return;
  // The record of the sandbox's holder; only that rung writes it.
  const left = existsSync(join(runtimeDirectory, "holder.json"))
    ? new NamespacesRuntime(options)
    : new ProcessRuntime(options);
  if (left.name === keep) return;
  await left.destroy();
}
