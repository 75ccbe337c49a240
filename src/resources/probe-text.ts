import { asArray, asRecord, asString, isRecord } from "../lib/kube/object.ts";
import { scalarText } from "./scalar-text.ts";

/** A probe as kubectl describes it (`DescribeProbe` of kubectl/pkg/describe/describe.go). */
export function probeText(probe: Readonly<Record<string, unknown>>): string {
  const number = (field: string, otherwise: number): string => scalarText(probe[field] ?? otherwise);
  const numbers = `delay=${number("initialDelaySeconds", 0)}s timeout=${number("timeoutSeconds", 1)}s period=${number("periodSeconds", 10)}s #success=${number("successThreshold", 1)} #failure=${number("failureThreshold", 3)}`;
  return `${probeTarget(probe)} ${numbers}`;
}

/** What a probe asks: `http-get http://:8080/healthz`, `exec [cat /ready]`, `tcp-socket :5432`, `grpc <pod>:9000`. */
export function probeTarget(probe: Readonly<Record<string, unknown>>): string {
  const { exec, httpGet, tcpSocket, grpc } = probe;
  if (isRecord(exec)) return `exec [${asArray(exec["command"]).map(scalarText).join(" ")}]`;
  if (isRecord(httpGet)) {
    const scheme = asString(httpGet["scheme"], "HTTP").toLowerCase();
    const path = asString(httpGet["path"]);
    const slash = path.startsWith("/") ? path : `/${path}`;
    return `http-get ${scheme}://${asString(httpGet["host"])}:${scalarText(httpGet["port"] ?? "")}${slash}`;
  }
  if (isRecord(tcpSocket)) return `tcp-socket ${asString(tcpSocket["host"])}:${scalarText(tcpSocket["port"] ?? "")}`;
  if (isRecord(grpc))
    return `grpc <pod>:${scalarText(grpc["port"] ?? "")} ${asString(asRecord(grpc)["service"])}`.trimEnd();
  return "unknown";
}
