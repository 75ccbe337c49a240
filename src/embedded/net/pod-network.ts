import type { Socket } from "node:net";
import type { NetworkTable } from "./network-table.ts";

/** What a runtime offers to those who make services work: the network of its pods. */
export interface PodNetwork {
  /** Replaces all services and names. Answers what could not be listened on. */
  program(table: NetworkTable): Promise<readonly string[]>;
  /** Connects to an address of the pod network, or to a port of the node in it. */
  dialAddress(host: string, port: number): Promise<Socket>;
}
