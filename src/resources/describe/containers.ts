import { asArray, asRecord, asRecords, asString, at, isRecord } from "../../lib/kube/object.ts";
import type { Tone } from "../kind.ts";
import { terminatedWord } from "../pod-status.ts";
import { probeText } from "../probe-text.ts";
import type { DescribeDocument } from "./document.ts";
import { timeText } from "./sections.ts";
import { scalarText } from "../scalar-text.ts";

type Fields = Readonly<Record<string, unknown>>;

/** Containers with their statuses, or of a pod template without any. */
export function writeContainers(
  document: DescribeDocument,
  options: {
    readonly level: number;
    readonly label: string;
    readonly containers: readonly Fields[];
    /** `undefined` for a template. */
    readonly statuses: readonly Fields[] | undefined;
    readonly now: number;
  },
): void {
  const { level, label, containers, statuses, now } = options;
  document.heading(level, label);
  for (const container of containers) {
    const name = asString(container["name"]);
    const status = statuses?.find((one) => one["name"] === name);
    document.heading(level + 1, name);
    const inner = level + 2;
    if (status !== undefined) document.field(inner, "Container ID", asString(status["containerID"]));
    document.field(inner, "Image", asString(container["image"]));
    if (status !== undefined) document.field(inner, "Image ID", asString(status["imageID"]));
    writePorts(document, inner, asRecords(container["ports"]));
    writeWords(document, inner, "Command", asArray(container["command"]));
    writeWords(document, inner, "Args", asArray(container["args"]));
    if (status !== undefined) writeState(document, inner, status, now);
    writeAmounts(document, inner, container);
    writeProbes(document, inner, container);
    writeEnvironment(document, inner, container);
    writeMounts(document, inner, container);
    writeDevices(document, inner, asRecords(container["volumeDevices"]));
  }
}

function writePorts(document: DescribeDocument, level: number, ports: readonly Fields[]): void {
  const portText = (port: Fields, field: string): string => {
    const name = asString(port["name"]);
    return `${scalarText(port[field] ?? 0)}/${asString(port["protocol"], "TCP")}${name === "" ? "" : ` (${name})`}`;
  };
  const text = (field: string): string => ports.map((port) => portText(port, field)).join(", ") || "<none>";
  document.field(level, ports.length > 1 ? "Ports" : "Port", text("containerPort"));
  document.field(level, ports.length > 1 ? "Host Ports" : "Host Port", text("hostPort"));
}

function writeWords(document: DescribeDocument, level: number, label: string, words: readonly unknown[]): void {
  if (words.length === 0) return;
  document.heading(level, label);
  for (const word of words) document.text(level + 1, asString(word));
}

function writeState(document: DescribeDocument, level: number, status: Fields, now: number): void {
  writeOneState(document, level, "State", asRecord(status["state"]), now);
  const last = asRecord(status["lastState"]);
  if (isRecord(last["terminated"])) writeOneState(document, level, "Last State", last, now);
  const ready = status["ready"] === true;
  const running = isRecord(at(status, "state", "running"));
  document.field(level, "Ready", ready ? "True" : "False", !ready && running ? "warning" : undefined);
  document.field(level, "Restart Count", scalarText(status["restartCount"] ?? 0));
}

function writeOneState(document: DescribeDocument, level: number, label: string, state: Fields, now: number): void {
  const { running, terminated, waiting } = state;
  if (isRecord(running)) {
    document.field(level, label, "Running", "ok");
    document.field(level + 1, "Started", timeText(running["startedAt"], now));
    return;
  }
  if (isRecord(terminated)) {
    const tone: Tone = terminated["exitCode"] === 0 ? "done" : "error";
    document.field(level, label, "Terminated", tone);
    document.field(level + 1, "Reason", terminatedWord(terminated), tone);
    if (asString(terminated["message"]) !== "") document.field(level + 1, "Message", asString(terminated["message"]));
    document.field(level + 1, "Exit Code", scalarText(terminated["exitCode"] ?? 0));
    if (terminated["signal"] !== undefined) document.field(level + 1, "Signal", scalarText(terminated["signal"]));
    document.field(level + 1, "Started", timeText(terminated["startedAt"], now));
    document.field(level + 1, "Finished", timeText(terminated["finishedAt"], now));
    return;
  }
  const reason = isRecord(waiting) ? asString(waiting["reason"]) : "";
  const early = reason === "" || reason === "ContainerCreating" || reason === "PodInitializing";
  const tone: Tone = early ? "progress" : "error";
  document.field(level, label, "Waiting", tone);
  if (reason !== "") document.field(level + 1, "Reason", reason, tone);
  const message = isRecord(waiting) ? asString(waiting["message"]) : "";
  if (message !== "") document.field(level + 1, "Message", message);
}

function writeAmounts(document: DescribeDocument, level: number, container: Fields): void {
  for (const [label, part] of [
    ["Limits", "limits"],
    ["Requests", "requests"],
  ] as const) {
    const amounts = Object.entries(asRecord(at(container, "resources", part)));
    if (amounts.length === 0) continue;
    document.heading(level, label);
    for (const [name, amount] of amounts.sort(([left], [right]) => (left < right ? -1 : 1))) {
      document.field(level + 1, name, scalarText(amount));
    }
  }
}

function writeProbes(document: DescribeDocument, level: number, container: Fields): void {
  for (const [label, field] of [
    ["Liveness", "livenessProbe"],
    ["Readiness", "readinessProbe"],
    ["Startup", "startupProbe"],
  ] as const) {
    const probe = container[field];
    if (isRecord(probe)) document.field(level, label, probeText(probe));
  }
}

function writeEnvironment(document: DescribeDocument, level: number, container: Fields): void {
  const from = asRecords(container["envFrom"]);
  if (from.length > 0) {
    document.heading(level, "Environment Variables from");
    for (const source of from) {
      const kind = isRecord(source["secretRef"]) ? "Secret" : "ConfigMap";
      const reference = asRecord(source["secretRef"] ?? source["configMapRef"]);
      const prefix = asString(source["prefix"]);
      const detail = `${kind}${prefix === "" ? "" : ` with prefix '${prefix}'`}  Optional: ${scalarText(reference["optional"] === true)}`;
      document.field(level + 1, asString(reference["name"]), detail);
    }
  }
  const variables = asRecords(container["env"]);
  if (variables.length === 0) {
    document.field(level, "Environment", "<none>");
    return;
  }
  document.heading(level, "Environment");
  for (const variable of variables) {
    document.field(level + 1, asString(variable["name"]), variableText(variable));
  }
}

function variableText(variable: Fields): string {
  const source = asRecord(variable["valueFrom"]);
  const key = (reference: Fields, of: string): string =>
    `<set to the key '${asString(reference["key"])}' in ${of} '${asString(reference["name"])}'>  Optional: ${scalarText(reference["optional"] === true)}`;
  const { fieldRef, resourceFieldRef, secretKeyRef, configMapKeyRef } = source;
  if (isRecord(fieldRef)) return `(${asString(fieldRef["apiVersion"], "v1")}:${asString(fieldRef["fieldPath"])})`;
  if (isRecord(resourceFieldRef)) return `(${asString(resourceFieldRef["resource"])})`;
  if (isRecord(secretKeyRef)) return key(secretKeyRef, "secret");
  if (isRecord(configMapKeyRef)) return key(configMapKeyRef, "config map");
  return asString(variable["value"]);
}

function writeMounts(document: DescribeDocument, level: number, container: Fields): void {
  const mounts = asRecords(container["volumeMounts"]);
  if (mounts.length === 0) {
    document.field(level, "Mounts", "<none>");
    return;
  }
  document.heading(level, "Mounts");
  for (const mount of mounts) {
    const flags = [mount["readOnly"] === true ? "ro" : "rw"];
    const path = asString(mount["subPath"]) || asString(mount["subPathExpr"]);
    if (path !== "") flags.push(`path="${path}"`);
    document.text(level + 1, `${asString(mount["mountPath"])} from ${asString(mount["name"])} (${flags.join(",")})`);
  }
}

function writeDevices(document: DescribeDocument, level: number, devices: readonly Fields[]): void {
  if (devices.length === 0) return;
  document.heading(level, "Devices");
  for (const device of devices)
    document.text(level + 1, `${asString(device["devicePath"])} from ${asString(device["name"])}`);
}
