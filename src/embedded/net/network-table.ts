import {
  asArray,
  asNumber,
  asRecord,
  asRecords,
  asString,
  at,
  isRecord,
  type KubeObject,
} from "../../lib/kube/object.ts";

export type Protocol = "TCP" | "UDP";

export interface Backend {
  readonly host: string;
  readonly port: number;
}

/** An address and port of a service, and where connections to it go. */
export interface Listener {
  /** `0.0.0.0` for a node port. */
  readonly address: string;
  readonly port: number;
  readonly protocol: Protocol;
  readonly backends: readonly Backend[];
  /** Connections of one client go to one backend, as long as the backends stay the same. */
  readonly sticky: boolean;
}

export interface ServiceTarget {
  readonly port: number;
  readonly target: string;
}

/** What the DNS server answers, by lower-case name without a final dot. */
export interface Zone {
  readonly domain: string;
  readonly addresses: Readonly<Record<string, readonly string[]>>;
  readonly services: Readonly<Record<string, readonly ServiceTarget[]>>;
  readonly aliases: Readonly<Record<string, string>>;
  /** Names by address, for reverse look-ups. */
  readonly names: Readonly<Record<string, string>>;
}

/** Everything netd has to know. */
export interface NetworkTable {
  readonly listeners: readonly Listener[];
  /** Where the DNS server listens; `undefined`: nowhere. */
  readonly dnsAddress: string | undefined;
  readonly zone: Zone;
}

interface Endpoint {
  readonly address: string;
  readonly hostname: string;
  readonly ready: boolean;
  readonly usable: boolean;
}

interface Slice {
  readonly endpoints: readonly Endpoint[];
  readonly ports: ReadonlyArray<{ readonly name: string; readonly port: number; readonly protocol: string }>;
}

export interface TableOptions {
  readonly domain: string;
  readonly dnsAddress: string | undefined;
  /** Takes the place of the endpoints of the service `kubernetes`, which are the machine's and not the pods'. */
  readonly apiServer: Backend | undefined;
}

/** Services and EndpointSlices to listeners and names, as kube-proxy and the cluster DNS specification have it. */
export function buildNetworkTable(
  services: readonly KubeObject[],
  slices: readonly KubeObject[],
  options: TableOptions,
): NetworkTable {
  const byService = new Map<string, Slice[]>();
  for (const slice of slices) {
    const service = slice.metadata.labels?.["kubernetes.io/service-name"];
    if (service === undefined || asString(slice["addressType"], "IPv4") !== "IPv4") continue;
    const key = `${slice.metadata.namespace ?? ""}/${service}`;
    byService.set(key, [...(byService.get(key) ?? []), parseSlice(slice)]);
  }
  const builder = new TableBuilder(options);
  for (const service of services) {
    builder.add(service, byService.get(`${service.metadata.namespace ?? ""}/${service.metadata.name ?? ""}`) ?? []);
  }
  return builder.table();
}

class TableBuilder {
  readonly #options: TableOptions;
  readonly #listeners: Listener[] = [];
  readonly #addresses: Record<string, string[]> = {};
  readonly #services: Record<string, ServiceTarget[]> = {};
  readonly #aliases: Record<string, string> = {};
  readonly #names: Record<string, string> = {};

  constructor(options: TableOptions) {
    this.#options = options;
  }

  add(service: KubeObject, slices: readonly Slice[]): void {
    const { name = "", namespace = "" } = service.metadata;
    const spec = asRecord(service["spec"]);
    const full = `${name}.${namespace}.svc.${this.#options.domain}`;
    const clusterIp = asString(spec["clusterIP"]);
    if (asString(spec["type"]) === "ExternalName") {
      this.#aliases[full] = asString(spec["externalName"]).toLowerCase();
    } else if (clusterIp === "None") {
      this.#addHeadless(full, slices, spec["publishNotReadyAddresses"] === true);
    } else if (clusterIp !== "") {
      this.#addresses[full] = [clusterIp];
      this.#names[clusterIp] = full;
      for (const port of asRecords(spec["ports"])) this.#addPort(service, full, clusterIp, port, slices);
    }
  }

  #addPort(
    service: KubeObject,
    full: string,
    clusterIp: string,
    port: Readonly<Record<string, unknown>>,
    slices: readonly Slice[],
  ): void {
    const protocol = asString(port["protocol"], "TCP");
    const number = asNumber(port["port"]);
    const name = asString(port["name"]);
    if (name !== "") {
      this.#addServiceRecord(full, name, protocol, { port: number, target: full });
    }
    if (protocol !== "TCP" && protocol !== "UDP") return;
    const isApiServer = service.metadata.namespace === "default" && service.metadata.name === "kubernetes";
    const { apiServer } = this.#options;
    const backends = isApiServer && apiServer !== undefined ? [apiServer] : backendsOf(slices, name, protocol);
    const sticky = at(service, "spec", "sessionAffinity") === "ClientIP";
    this.#listeners.push({ address: clusterIp, port: number, protocol, backends, sticky });
    const nodePort = asNumber(port["nodePort"]);
    if (nodePort > 0) this.#listeners.push({ address: "0.0.0.0", port: nodePort, protocol, backends, sticky });
  }

  #addHeadless(full: string, slices: readonly Slice[], unready: boolean): void {
    for (const slice of slices) {
      for (const endpoint of slice.endpoints) {
        if (!endpoint.ready && !unready) continue;
        const host = endpoint.hostname === "" ? endpoint.address.replaceAll(".", "-") : endpoint.hostname;
        const own = `${host}.${full}`.toLowerCase();
        add(this.#addresses, full, endpoint.address);
        add(this.#addresses, own, endpoint.address);
        if (endpoint.hostname !== "") this.#names[endpoint.address] = own;
        for (const port of slice.ports) {
          if (port.name === "") continue;
          this.#addServiceRecord(full, port.name, port.protocol, { port: port.port, target: own });
        }
      }
    }
  }

  #addServiceRecord(full: string, port: string, protocol: string, target: ServiceTarget): void {
    const name = `_${port}._${protocol}.${full}`.toLowerCase();
    add(this.#services, name, target);
  }

  table(): NetworkTable {
    return {
      listeners: this.#listeners,
      dnsAddress: this.#options.dnsAddress,
      zone: {
        domain: this.#options.domain,
        addresses: this.#addresses,
        services: this.#services,
        aliases: this.#aliases,
        names: this.#names,
      },
    };
  }
}

function add<T>(record: Record<string, T[]>, name: string, value: T): void {
  const known = record[name];
  if (known === undefined) record[name] = [value];
  else if (!known.some((each) => JSON.stringify(each) === JSON.stringify(value))) known.push(value);
}

/** Ready endpoints; where there are none, those that end but still serve, as kube-proxy. */
function backendsOf(slices: readonly Slice[], portName: string, protocol: Protocol): Backend[] {
  const pick = (wanted: (endpoint: Endpoint) => boolean): Backend[] =>
    slices.flatMap((slice) =>
      slice.ports
        .filter((port) => port.name === portName && port.protocol === protocol)
        .flatMap((port) => slice.endpoints.filter(wanted).map(({ address }) => ({ host: address, port: port.port }))),
    );
  const ready = pick((endpoint) => endpoint.ready);
  return ready.length > 0 ? ready : pick((endpoint) => endpoint.usable);
}

function parseSlice(slice: KubeObject): Slice {
  return {
    endpoints: asRecords(slice["endpoints"]).flatMap((endpoint) => {
      const conditions = asRecord(endpoint["conditions"]);
      // Unset means true for ready, and as ready for serving.
      const ready = conditions["ready"] !== false;
      const serving = conditions["serving"] === undefined ? ready : conditions["serving"] === true;
      const usable = serving && conditions["terminating"] === true;
      const address = asString(asArray(endpoint["addresses"])[0]);
      return address === "" ? [] : [{ address, hostname: asString(endpoint["hostname"]), ready, usable }];
    }),
    ports: asRecords(slice["ports"]).map((port) => ({
      name: asString(port["name"]),
      port: asNumber(port["port"]),
      protocol: asString(port["protocol"], "TCP"),
    })),
  };
}

/** Reads a table that came over netd's socket. */
export function parseNetworkTable(value: unknown): NetworkTable | undefined {
  if (!isRecord(value) || !Array.isArray(value["listeners"]) || !isRecord(value["zone"])) return undefined;
  return value as unknown as NetworkTable;
}
