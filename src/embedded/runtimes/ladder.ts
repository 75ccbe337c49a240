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

export interface ChooseRuntimeOptions {
  /** The cluster's directory. */
  readonly directory: string;
  readonly logger: Logger;
  readonly clock: Clock;
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
