import { asNumber, asRecord, asRecords, asString, type KubeObject } from "../../lib/kube/object.ts";
import type { EnvironmentEntry } from "./environment.ts";

/**
 * Environment variables of services as upstream's envvars.FromServices writes them: `WEB_SERVICE_HOST`,
 * `WEB_SERVICE_PORT`, `WEB_SERVICE_PORT_<NAME>` and the docker-links form `WEB_PORT_80_TCP…`. Headless services have none.
 */
export function serviceEnvironment(services: readonly KubeObject[]): readonly EnvironmentEntry[] {
  return services.flatMap((service) => variablesOf(service));
}

function variablesOf(service: KubeObject): EnvironmentEntry[] {
  const spec = asRecord(service["spec"]);
  const address = asString(spec["clusterIP"]);
  const ports = asRecords(spec["ports"]);
  const [first] = ports;
  if (address === "" || address === "None" || first === undefined) return [];
  const prefix = variableName(service.metadata.name ?? "");
  const entries: EnvironmentEntry[] = [
    [`${prefix}_SERVICE_HOST`, address],
    [`${prefix}_SERVICE_PORT`, portOf(first)],
  ];
  for (const port of ports) {
    const name = asString(port["name"]);
    if (name !== "") entries.push([`${prefix}_SERVICE_PORT_${variableName(name)}`, portOf(port)]);
  }
  const url = (port: Readonly<Record<string, unknown>>): string =>
    `${protocolOf(port)}://${address.includes(":") ? `[${address}]` : address}:${portOf(port)}`;
  entries.push([`${prefix}_PORT`, url(first)]);
  for (const port of ports) {
    const link = `${prefix}_PORT_${portOf(port)}_${protocolOf(port).toUpperCase()}`;
    entries.push(
      [link, url(port)],
      [`${link}_PROTO`, protocolOf(port)],
      [`${link}_PORT`, portOf(port)],
      [`${link}_ADDR`, address],
    );
  }
  return entries;
}

function portOf(port: Readonly<Record<string, unknown>>): string {
  return String(asNumber(port["port"]));
}

function protocolOf(port: Readonly<Record<string, unknown>>): string {
  return asString(port["protocol"], "TCP").toLowerCase();
}

function variableName(name: string): string {
  return name.toUpperCase().replaceAll("-", "_");
}
