import { asNumber, asRecord, asString } from "../../lib/kube/object.ts";

/** What a daemon tells the process that started it. */
export type DaemonMessage =
  | { readonly type: "ready"; readonly port: number }
  /** The node runs pods, or `message` says why it cannot. */
  | { readonly type: "node"; readonly message?: string }
  | { readonly type: "failed"; readonly message: string }
  /** Another engine has the directory. */
  | { readonly type: "locked"; readonly message: string };

export function parseDaemonMessage(value: unknown): DaemonMessage | undefined {
  const message = asRecord(value);
  const text = asString(message["message"]);
  switch (message["type"]) {
    case "ready":
      return { type: "ready", port: asNumber(message["port"]) };
    case "node":
      return { type: "node", ...(text === "" ? {} : { message: text }) };
    case "failed":
    case "locked":
      return { type: message["type"], message: text };
    default:
      return undefined;
  }
}
