import type { ConnectionOverrides } from "../../cluster/cluster.ts";
import { UsageError } from "../../lib/errors.ts";
import { parseGoDuration } from "../../lib/go-duration.ts";
import { namespacesOf } from "../../lib/kube/namespaces.ts";
import { LOG_LEVELS, type LogLevel } from "../../lib/log.ts";
import type { Arguments } from "./arguments.ts";

/** What the flags of the UI ask for. */
export interface UiOptions {
  readonly overrides: ConnectionOverrides;
  /** `""`: all namespaces; absent: the context's. */
  readonly namespace: string | undefined;
  readonly command: string | undefined;
  /** Absent: as the settings say. */
  readonly readOnly: boolean | undefined;
  readonly headless: boolean;
  readonly startLocal: boolean;
  readonly logLevel: LogLevel;
  readonly logFile: string | undefined;
  readonly theme: string | undefined;
}

/** @throws UsageError where values are bad or flags exclude each other */
export function uiOptions(flags: Arguments): UiOptions {
  if (flags.has("readonly") && flags.has("write")) throw new UsageError("--readonly and --write exclude each other");
  if (flags.has("all-namespaces") && flags.text("namespace") !== undefined) {
    throw new UsageError("--namespace and --all-namespaces exclude each other");
  }
  for (const name of namespacesOf(flags.text("namespace") ?? "")) {
    if (!/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/.test(name)) {
      throw new UsageError(`--namespace: "${name}" is no name of a namespace: lower-case letters, digits and dashes`);
    }
  }
  return {
    overrides: overridesOf(flags),
    namespace: flags.has("all-namespaces") ? "" : flags.text("namespace"),
    command: flags.text("command"),
    readOnly: flags.has("readonly") ? true : flags.has("write") ? false : undefined,
    headless: flags.has("headless"),
    startLocal: !flags.has("no-local"),
    logLevel: flags.choice("log-level", LOG_LEVELS) ?? "info",
    logFile: flags.text("log-file"),
    theme: flags.text("theme"),
  };
}

function overridesOf(flags: Arguments): ConnectionOverrides {
  const overrides: { -readonly [Key in keyof ConnectionOverrides]: ConnectionOverrides[Key] } = {};
  const texts = ["kubeconfig", "context", "cluster", "user", "namespace", "server", "token", "as"] as const;
  for (const name of texts) {
    const value = flags.text(name);
    if (value !== undefined) overrides[name] = value;
  }
  const groups = flags.texts("as-group");
  if (groups.length > 0) overrides.asGroups = groups;
  const uid = flags.text("as-uid");
  if (uid !== undefined) overrides.asUid = uid;
  if (overrides.as === undefined && (groups.length > 0 || uid !== undefined)) {
    throw new UsageError("--as-group and --as-uid need --as");
  }
  if (flags.has("insecure-skip-tls-verify")) overrides.insecureSkipTlsVerify = true;
  const timeout = flags.text("request-timeout");
  if (timeout !== undefined) overrides.requestTimeoutMilliseconds = duration(timeout);
  return overrides;
}

function duration(text: string): number {
  const milliseconds = parseGoDuration(text);
  if (milliseconds === undefined) {
    throw new UsageError(`--request-timeout: "${text}" is not a duration; give one such as 30s, 2m or 0`);
  }
  return milliseconds;
}
