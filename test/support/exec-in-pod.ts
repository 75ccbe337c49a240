import { WebSocket } from "ws";
import type { ApiEndpoint } from "./api-client.ts";

export interface ExecResult {
  readonly stdout: string;
  readonly stderr: string;
  /** The `Status` object that ends the session. */
  readonly status: string;
}

/** Runs a command in a pod of `default` over a WebSocket, as kubectl does. */
export function execInPod(endpoint: ApiEndpoint, pod: string, command: readonly string[]): Promise<ExecResult> {
  const query = new URLSearchParams({ stdout: "1", stderr: "1" });
  for (const word of command) query.append("command", word);
  const url = `${endpoint.url.replace("https:", "wss:")}/api/v1/namespaces/default/pods/${pod}/exec?${query.toString()}`;
  const { certificate: cert, key } = endpoint.admin;
  const socket = new WebSocket(url, ["v5.channel.k8s.io"], { ca: endpoint.caCertificate, cert, key });
  const said = ["", "", "", ""];
  return new Promise((resolve, reject) => {
    socket.on("error", reject);
    socket.on("message", (data: Buffer) => {
      const channel = data[0] ?? 0;
      said[channel] = (said[channel] ?? "") + data.subarray(1).toString();
    });
    socket.on("close", () => resolve({ stdout: said[1] ?? "", stderr: said[2] ?? "", status: said[3] ?? "" }));
  });
}
