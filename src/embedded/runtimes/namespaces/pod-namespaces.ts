import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import type { HostTools } from "../host-tools.ts";
import { runChecked, runCommand } from "../run-command.ts";
import { RuntimeError } from "../runtime-error.ts";
import { BRIDGE, GATEWAY_ADDRESS, INSIDE_PODS, POD_SUBNET_PREFIX, type NodeSandbox } from "./node-sandbox.ts";

/**
 * Network, host name and IPC of a pod, kept alive without a process: bound to files. `$1` directory, `$2` host name,
 * `$3` address or empty for the node's own network, `$4` name of the interface outside, `$5` pid of the holder.
 */
const CREATE = `set -e
mkdir -p "$1"; cd "$1"; : >net; : >uts; : >ipc
if [ -z "$3" ]; then
  mount -n -i --bind /proc/$5/ns/net net
  unshare --uts=uts --ipc=ipc -- hostname "$2"
  : >ready
  exit
fi
unshare --net=net --uts=uts --ipc=ipc -- sh -c '
hostname "$1"
# As containerd and Docker do: a program that is not root may listen on port 80.
echo 0 >/proc/sys/net/ipv4/ip_unprivileged_port_start 2>/dev/null
exec ip -batch -' sh "$2" <<END
link set lo up
link add eth0 type veth peer name $4 netns /proc/$5/ns/net
addr add $3/24 dev eth0
link set eth0 up
route add default via ${GATEWAY_ADDRESS}
END
ip -batch - <<END
link set $4 master ${BRIDGE} up
link set $4 type bridge_slave hairpin on
END
: >ready
`;

const REMOVE = `ip link del "$2" 2>/dev/null
cd "$1" 2>/dev/null || exit 0
umount -n -l net uts ipc 2>/dev/null
cd /; rm -rf "$1"
`;

/** Names of interfaces have at most 15 characters. */
function interfaceName(id: string): string {
  return `kp${createHash("sha256").update(id).digest("hex").slice(0, 12)}`;
}

/** Makes the namespaces of a pod; `ip` is `undefined` for one in the node's own network. */
export async function createPodNamespaces(
  tools: HostTools,
  sandbox: NodeSandbox,
  pod: { readonly id: string; readonly hostname: string; readonly ip: string | undefined },
): Promise<void> {
  await runChecked(`cannot make the namespaces of pod ${pod.hostname}`, "FailedCreatePodSandBox", [
    ...sandbox.enter(),
    tools.sh,
    "-c",
    CREATE,
    "sh",
    `${INSIDE_PODS}/${pod.id}`,
    pod.hostname,
    pod.ip ?? "",
    interfaceName(pod.id),
    String(sandbox.holder.pid),
  ]);
}

/** Whether they were made to the end: an engine may have died in the middle. */
export function hasPodNamespaces(sandbox: NodeSandbox, id: string): boolean {
  return existsSync(`/proc/${sandbox.holder.pid}/root${INSIDE_PODS}/${id}/ready`);
}

/** Idempotent. */
export async function removePodNamespaces(tools: HostTools, sandbox: NodeSandbox, id: string): Promise<void> {
  await runCommand([...sandbox.enter(), tools.sh, "-c", REMOVE, "sh", `${INSIDE_PODS}/${id}`, interfaceName(id)]);
}

/** Hands out addresses of the pod network in turn, so that one just freed is not taken again at once. */
export class AddressPool {
  #last = 1;

  /** @throws RuntimeError when all are taken */
  take(taken: ReadonlySet<string>): string {
    for (let step = 1; step <= 253; step += 1) {
      const host = ((this.#last - 2 + step) % 253) + 2;
      const address = `${POD_SUBNET_PREFIX}${host}`;
      if (taken.has(address)) continue;
      this.#last = host;
      return address;
    }
    throw new RuntimeError("FailedCreatePodSandBox", "no address is left for the pod: the node has 253", {
      hint: "Delete some pods",
    });
  }
}
