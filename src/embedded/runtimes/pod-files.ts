import type { SandboxSpec } from "./runtime.ts";

/** /etc/hosts of a pod, as the kubelet writes it. */
export function hostsFile(spec: SandboxSpec, ip: string | undefined): string {
  const lines = [
    "# Kubernetes-managed hosts file.",
    "127.0.0.1\tlocalhost",
    "::1\tlocalhost ip6-localhost ip6-loopback",
    "fe00::0\tip6-localnet",
    "fe00::0\tip6-mcastprefix",
    "fe00::1\tip6-allnodes",
    "fe00::2\tip6-allrouters",
  ];
  if (ip !== undefined) lines.push(`${ip}\t${spec.hostname}`);
  if (spec.hostAliases.length > 0) {
    lines.push("", "# Entries added by HostAliases.");
    for (const alias of spec.hostAliases) lines.push([alias.ip, ...alias.hostnames].join("\t"));
  }
  return `${lines.join("\n")}\n`;
}

/** /etc/resolv.conf of a pod. */
export function resolverFile(dns: SandboxSpec["dns"]): string {
  const lines = dns.nameservers.map((server) => `nameserver ${server}`);
  if (dns.searches.length > 0) lines.unshift(`search ${dns.searches.join(" ")}`);
  if (dns.options.length > 0) lines.push(`options ${dns.options.join(" ")}`);
  return lines.map((line) => `${line}\n`).join("");
}
