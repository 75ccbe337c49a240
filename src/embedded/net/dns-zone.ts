import { isIPv4 } from "node:net";
import { RECORD_TYPES, RESPONSE_CODES, type DnsAnswer, type DnsRecord } from "./dns-message.ts";
import type { Zone } from "./network-table.ts";

const NOTHING = { answers: [], additional: [] } as const;

/** Answers from the cluster's names; `undefined` for a name that is not the cluster's to answer. */
export function answerFromZone(zone: Zone, name: string, type: number): DnsAnswer | undefined {
  if (name.endsWith(".in-addr.arpa")) return reverse(zone, name);
  if (name !== zone.domain && !name.endsWith(`.${zone.domain}`)) return undefined;
  const target = lookUp(zone.aliases, name);
  if (target !== undefined) {
    return { code: RESPONSE_CODES.NoError, answers: [{ type: "CNAME", name, target }], additional: [] };
  }
  const addresses = lookUp(zone.addresses, name) ?? podAddress(zone, name);
  const services = lookUp(zone.services, name);
  if (addresses === undefined && services === undefined) {
    return { code: isAbove(zone, name) ? RESPONSE_CODES.NoError : RESPONSE_CODES.NoSuchName, ...NOTHING };
  }
  const answers: DnsRecord[] = [];
  const additional: DnsRecord[] = [];
  if (type === RECORD_TYPES.A || type === RECORD_TYPES.ANY) {
    for (const address of addresses ?? []) answers.push({ type: "A", name, address });
  }
  if (type === RECORD_TYPES.SRV || type === RECORD_TYPES.ANY) {
    for (const service of services ?? []) {
      answers.push({ type: "SRV", name, port: service.port, target: service.target });
      for (const address of lookUp(zone.addresses, service.target) ?? []) {
        additional.push({ type: "A", name: service.target, address });
      }
    }
  }
  return { code: RESPONSE_CODES.NoError, answers, additional };
}

function lookUp<T>(record: Readonly<Record<string, T>>, name: string): T | undefined {
  return Object.hasOwn(record, name) ? record[name] : undefined;
}

/** `10-244-0-5.default.pod.cluster.local`: the address is in the name. */
function podAddress(zone: Zone, name: string): string[] | undefined {
  const suffix = `.pod.${zone.domain}`;
  if (!name.endsWith(suffix)) return undefined;
  const [host = "", namespace, ...more] = name.slice(0, -suffix.length).split(".");
  const address = host.replaceAll("-", ".");
  return namespace !== undefined && more.length === 0 && isIPv4(address) ? [address] : undefined;
}

/** Whether names exist below this one: such a name exists too, without records. */
function isAbove(zone: Zone, name: string): boolean {
  const suffix = `.${name}`;
  const below = (names: Readonly<Record<string, unknown>>): boolean =>
    Object.keys(names).some((each) => each.endsWith(suffix));
  return below(zone.addresses) || below(zone.services) || below(zone.aliases);
}

function reverse(zone: Zone, name: string): DnsAnswer | undefined {
  const address = name
    .replace(/\.in-addr\.arpa$/, "")
    .split(".")
    .toReversed()
    .join(".");
  const target = lookUp(zone.names, address);
  if (target !== undefined) {
    return { code: RESPONSE_CODES.NoError, answers: [{ type: "PTR", name, target }], additional: [] };
  }
  return /^10\.(?:96|244)\./.test(address) ? { code: RESPONSE_CODES.NoSuchName, ...NOTHING } : undefined;
}
