import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "../../lib/clock.ts";
import { errorMessage } from "../../lib/errors.ts";
import { silentLogger } from "../../lib/log.ts";
import { chooseRuntime, type TriedRuntime } from "../runtimes/ladder.ts";

/** One thing that was tried. */
export interface DoctorCheck {
  readonly name: string;
  readonly status: "ok" | "warning" | "failed";
  readonly message: string;
}

/** Tries what a local cluster needs of this machine, and leaves nothing behind. */
export async function doctor(): Promise<readonly DoctorCheck[]> {
  return [nodeVersion(), ...(await runtimes())];
}

function nodeVersion(): DoctorCheck {
  const major = Number(process.versions.node.split(".")[0]);
  return {
    name: "Node.js",
    status: major >= 24 ? "ok" : "failed",
    message: major >= 24 ? `v${process.versions.node}` : `v${process.versions.node} is too old: 24 or newer is needed`,
  };
}

async function runtimes(): Promise<readonly DoctorCheck[]> {
  const directory = mkdtempSync(join(tmpdir(), "kelpie-doctor-"));
  try {
    const { tried } = await chooseRuntime({ directory, clock: systemClock, logger: silentLogger });
    return tried.flatMap(describeRuntime);
  } catch (error) {
    return [{ name: "container runtime", status: "failed", message: errorMessage(error) }];
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

function describeRuntime({ name, probe }: TriedRuntime): readonly DoctorCheck[] {
  if (!probe.ok) return [{ name: `runtime ${name}`, status: "warning", message: probe.limitation.message }];
  const { features } = probe;
  const found = [
    features.isolation ? "isolation" : "no isolation",
    features.podAddresses ? "an address per pod" : "no pod addresses",
    `limits ${features.limits}`,
    features.egress ? "egress" : "no egress",
  ];
  return [
    { name: `runtime ${name}`, status: "ok", message: found.join(", ") },
    ...probe.limitations.map(({ reason, message }): DoctorCheck => ({ name: reason, status: "warning", message })),
  ];
}
