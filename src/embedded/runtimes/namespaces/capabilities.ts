/** What containers get by default: the set of Docker and containerd. */
const DEFAULT_CAPABILITIES = [
  "chown",
  "dac_override",
  "fowner",
  "fsetid",
  "kill",
  "setgid",
  "setuid",
  "setpcap",
  "net_bind_service",
  "net_raw",
  "sys_chroot",
  "mknod",
  "audit_write",
  "setfcap",
] as const;

/** `NET_ADMIN` and `CAP_NET_ADMIN` are `net_admin` to setpriv(1). */
function toolName(capability: string): string {
  return capability.toLowerCase().replace(/^cap_/, "");
}

/** The options of setpriv(1) that leave a process and its children these capabilities at most. */
export function capabilityOptions(spec: {
  readonly capabilities: { readonly add: readonly string[]; readonly drop: readonly string[] };
  readonly privileged: boolean;
}): string[] {
  const add = spec.capabilities.add.map(toolName);
  const drop = new Set(spec.capabilities.drop.map(toolName));
  if (spec.privileged || (add.includes("all") && drop.size === 0)) return [];
  const base = add.includes("all") ? ["+all"] : ["-all"];
  const kept = new Set<string>();
  if (!add.includes("all") && !drop.has("all")) {
    for (const name of DEFAULT_CAPABILITIES) if (!drop.has(name)) kept.add(name);
  }
  for (const name of add) if (name !== "all") kept.add(name);
  const dropped = add.includes("all") ? [...drop].filter((name) => name !== "all").map((name) => `-${name}`) : [];
  const bounding = [...base, ...[...kept].map((name) => `+${name}`), ...dropped].join(",");
  return [`--bounding-set=${bounding}`, "--inh-caps=-all"];
}
