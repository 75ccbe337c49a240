import { chmodSync, existsSync, mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { errorMessage } from "../../../lib/errors.ts";
import { whyNoCgroups } from "../cgroups.ts";
import { findHostTools, findTool } from "../host-tools.ts";
import { runCommand } from "../run-command.ts";
import { RuntimeError } from "../runtime-error.ts";
import type { RuntimeLimitation, RuntimeProbe } from "../runtime.ts";
import { sandboxDenied } from "./node-sandbox.ts";

/** Everything a sandbox and a container need, in namespaces that end with the attempt. `$1` is a scratch directory. */
const ATTEMPT = `set -e
echo entered
mount -n -i -t tmpfs tmpfs /run
ip link set lo up
ip link add kelpie0 type bridge
ip link add veth0 type veth peer name veth1
cd "$1"
mkdir upper work merged proc
mount -n -i -t proc proc proc
mount -n -i -t overlay -o "lowerdir=/etc,upperdir=$1/upper,workdir=$1/work,volatile,userxattr" overlay merged
: >merged/kelpie-try
echo done
`;

/** Tries the real thing, once. */
export async function probeNamespaces(directory: string): Promise<RuntimeProbe> {
  if (process.platform !== "linux") {
    return { ok: false, limitation: { reason: "LinuxOnly", message: "Namespaces are a feature of Linux." } };
  }
  const scratch = mkdtempSync(join(directory, "try-"));
  try {
    const tools = await findHostTools();
    const namespaces = ["-U", "-r", "-n", "-m", "-p", "-f", "-u", "-i", "--propagation", "private"];
    const result = await runCommand([tools.unshare, ...namespaces, tools.sh, "-c", ATTEMPT, "sh", scratch], {
      timeoutMilliseconds: 5000,
    });
    if (!result.stdout.includes("done")) throw attemptFailed(result.stdout, result.stderr);
  } catch (error) {
    return { ok: false, limitation: limitationOf(error) };
  } finally {
    for (const path of ["work/work", "work/work/incompat", "work/work/incompat/volatile"]) {
      if (existsSync(join(scratch, path))) chmodSync(join(scratch, path), 0o700);
    }
    rmSync(scratch, { recursive: true, force: true });
  }
  return findings(process.getuid?.() === 0);
}

function findings(root: boolean): RuntimeProbe {
  const noCgroups = whyNoCgroups();
  const limitations: RuntimeLimitation[] = [];
  if (noCgroups !== undefined) {
    limitations.push({
      reason: "LimitsNotEnforced",
      message: `CPU limits have no effect and memory limits are watched, not enforced: ${noCgroups}.`,
    });
  }
  if (!root) {
    limitations.push({
      reason: "SingleUidOnly",
      message:
        "A container has one user id only: programs that change their user at start fail. Run kelpie as root for more.",
    });
  }
  limitations.push({
    reason: "NoEgress",
    message: "Pods reach each other and the services of the cluster, but not the network outside.",
  });
  if (findTool("hostname") === undefined) {
    limitations.push({
      reason: "HostnameMissing",
      message: "Install the program hostname: pods need it for their names.",
    });
  }
  return {
    ok: true,
    features: {
      podAddresses: true,
      uids: root ? "full" : "single",
      limits: noCgroups === undefined ? "enforced" : "watched",
      egress: false,
      isolation: true,
    },
    limitations,
  };
}

function attemptFailed(stdout: string, stderr: string): RuntimeError {
  if (!stdout.includes("entered")) return sandboxDenied(stderr.trim());
  const said = stderr.trim().split("\n")[0] ?? "";
  if (said.includes("overlay") || said.includes("merged")) {
    return new RuntimeError("OverlayUnavailable", `Overlay mounts do not work in user namespaces here: ${said}`);
  }
  return new RuntimeError("UserNamespacesDenied", `User namespaces are allowed here, but not what pods need: ${said}`);
}

function limitationOf(error: unknown): RuntimeLimitation {
  if (!(error instanceof RuntimeError)) return { reason: "UserNamespacesDenied", message: errorMessage(error) };
  const hint = error.hint === undefined ? "" : ` ${error.hint}.`;
  return { reason: error.reason, message: `${error.message}.${hint}` };
}
