import { isApiError } from "../../cluster/api-error.ts";
import type { ConnectionStatus, ContextInfo, Login, Protection } from "../../cluster/cluster.ts";
import { CredentialError, isLoginFault } from "../../cluster/credential.ts";
import type { Palette, StyleName } from "../../config/theme.ts";
import { humanDuration } from "../../lib/age.ts";
import { KELPIE_VERSION } from "../../lib/version.gen.ts";
import type { ClusterUsage } from "../cluster-usage.ts";
import { formatMebibytes } from "../../lib/quantity.ts";
import { sanitize, textWidth, truncate } from "../../lib/text.ts";

/** What the header tells. */
export interface HeaderFacts {
  readonly context: ContextInfo | undefined;
  readonly readOnly: boolean;
  readonly protection?: Protection;
  readonly status: ConnectionStatus | undefined;
  /** A credential plugin that runs now. */
  readonly login?: Login | undefined;
  readonly usage: ClusterUsage;
  readonly now: number;
}

interface Part {
  readonly label: string;
  readonly value: string;
  readonly style?: StyleName;
  /** Parts with the lowest number stay longest. */
  readonly order: number;
}

/** From this width on there is room to say which name is the context's, and how large the cluster is. */
const SPACIOUS = 120;

/** One line: what is connected at the left, the state of the connection at the right. */
export function headerLine(facts: HeaderFacts, columns: number, palette: Palette): string {
  const { context, readOnly, protection, status } = facts;
  const spacious = columns >= SPACIOUS;
  const parts: Part[] = [];
  if (context !== undefined) {
    parts.push({ label: spacious ? "context" : "", value: sanitize(context.name), style: "title", order: 0 });
    if (readOnly) parts.push({ label: "", value: "read-only", style: "read-only", order: 1 });
    else if (protection === "confirm") parts.push({ label: "", value: "asks first", style: "warning", order: 1 });
    else if (protection === "type-name") parts.push({ label: "", value: "protected", style: "danger", order: 1 });
    // Who acts is not who the kubeconfig names.
    if (context.impersonates !== undefined) {
      parts.push({ label: "as", value: sanitize(context.impersonates), style: "warning", order: 1.5 });
    }
    // Names that repeat the context's stay away until there is room for everything.
    const named = (label: string, name: string, order: number): Part[] =>
      name !== "" && (spacious || name !== context.name)
        ? [{ label, value: sanitize(name), order: name === context.name ? 8 : order }]
        : [];
    parts.push(...named("cluster", context.cluster, 5), ...named("user", context.user, 6));
  }
  if (status?.state === "connected") {
    parts.push({ label: spacious ? "server" : "", value: sanitize(status.serverVersion), order: 4 });
    // Without a connection the last sample would look like one of now.
    parts.push(...usageParts(facts.usage, spacious));
  }
  if (spacious) parts.push({ label: "kelpie", value: KELPIE_VERSION, style: "dim", order: 9 });
  const right = connectionWord(status, facts.now);
  const room = columns - 2 - (right === undefined ? 0 : textWidth(right.text) + 2);
  const kept = fitParts(parts, room);
  const left = kept
    .map(
      ({ label, value, style }) =>
        (label === "" ? "" : `${palette.paint(label, "label")} `) + palette.paint(value, style ?? "value"),
    )
    .join("   ");
  const used = kept.reduce((sum, part) => sum + partWidth(part), 0) + 3 * Math.max(0, kept.length - 1);
  if (right === undefined) return ` ${left}`;
  return ` ${left}${" ".repeat(Math.max(2, columns - 2 - used - textWidth(right.text)))}${palette.paint(right.text, right.style)}`;
}

/** A plugin that says nothing and ends soon is not worth a line. */
const QUIET_LOGIN_MILLISECONDS = 2000;

/** Whether {@link alertLine} has something to say. */
export function hasAlert({ status, login, now }: HeaderFacts): boolean {
  return status?.state === "unreachable" || worthTelling(login, now);
}

function worthTelling(login: Login | undefined, now: number): login is Login {
  return login !== undefined && (login.said !== "" || now - login.since >= QUIET_LOGIN_MILLISECONDS);
}

/** The line under the header while a credential plugin logs in, or while the API server does not answer. */
export function alertLine(facts: HeaderFacts, columns: number, palette: Palette): string | undefined {
  const { status, context, login, now } = facts;
  if (worthTelling(login, now)) {
    const since = humanDuration(Math.max(0, now - login.since));
    const said = login.said === "" ? "" : `: ${sanitize(login.said)}`;
    return palette.paint(truncate(` ${sanitize(login.command)} logs in for ${since}${said}`, columns), "warning");
  }
  if (status?.state !== "unreachable") return undefined;
  const host = context?.server ?? "the server";
  const retry = Math.max(0, Math.ceil((status.retryAt - now) / 1000));
  const since = humanDuration(Math.max(0, now - status.since));
  const message = sanitize(status.error.message);
  const named = message.includes(host.replace(/^https?:\/\//, "").replace(/\/$/, ""));
  const where = named ? "" : `${host}: `;
  const advice = status.error.hint === undefined ? "" : `; ${sanitize(status.error.hint).replace(/[.?!]$/, "")}`;
  const held = status.error instanceof CredentialError && status.error.held;
  const next = held ? " Ctrl-R tries again." : ` Next try in ${retry} s.`;
  const trouble = `${isLoginFault(status.error) ? "Not logged in" : "No connection"} for ${since}: ${where}${message}`;
  const long = ` ${trouble}.${next}`;
  const short = ` ${since}: ${where}${message}.${next}`;
  const shortest = ` ${since}: ${message}.${next}`;
  // The cause is worth more than the words around it.
  const texts = [
    ` ${trouble}${advice}.${next} :ctx switches.`,
    ` ${trouble}${advice}.${next}`,
    ` ${since}: ${message}${advice}.${next}`,
    `${long} :ctx switches.`,
    long,
    short,
    shortest,
  ];
  const fitting = texts.find((text) => textWidth(text) <= columns);
  const text = fitting ?? truncate(` ${since}: ${message}`, Math.max(20, columns - next.length)) + next;
  return palette.paint(truncate(text, columns), "danger");
}

function usageParts(usage: ClusterUsage, spacious: boolean): readonly Part[] {
  if (usage === undefined) return [];
  if ("missing" in usage) return [{ label: "", value: usage.missing, style: "dim", order: 7 }];
  const { cpu, memory, cores, bytes } = usage;
  const of = (whole: string): string => (spacious ? ` of ${whole}` : "");
  const coresText = String(Math.round(cores * 10) / 10);
  return [
    { label: "cpu", value: `${percent(cpu)}${of(coresText)}`, style: loadTone(cpu), order: 2 },
    { label: "mem", value: `${percent(memory)}${of(largeBytes(bytes))}`, style: loadTone(memory), order: 3 },
  ];
}

function largeBytes(bytes: number): string {
  const gibibytes = bytes / 2 ** 30;
  if (gibibytes >= 10_240) return `${Math.round(gibibytes / 1024)}Ti`;
  return gibibytes >= 1 ? `${Math.round(gibibytes)}Gi` : formatMebibytes(bytes);
}

function partWidth({ label, value }: Part): number {
  return textWidth(value) + (label === "" ? 0 : label.length + 1);
}

function fitParts(parts: readonly Part[], room: number): readonly Part[] {
  const width = (list: readonly Part[]): number => list.reduce((sum, part) => sum + partWidth(part) + 3, -3);
  let kept = [...parts];
  while (kept.length > 1 && width(kept) > room) {
    const last = Math.max(...kept.map((part) => part.order));
    kept = kept.filter((part) => part.order !== last);
  }
  const [only] = kept;
  return kept.length === 1 && only !== undefined ? [{ ...only, value: truncate(only.value, Math.max(4, room)) }] : kept;
}

function connectionWord(
  status: ConnectionStatus | undefined,
  now: number,
): { readonly text: string; readonly style: StyleName } | undefined {
  if (status === undefined) return undefined;
  if (status.state === "connected") return { text: "connected", style: "dim" };
  if (status.state === "connecting") {
    const seconds = Math.floor((now - status.since) / 1000);
    return { text: seconds < 2 ? "connecting" : `connecting for ${seconds} s`, style: "progress" };
  }
  if (isApiError(status.error, 429)) return { text: "overloaded", style: "danger" };
  return { text: isLoginFault(status.error) ? "not logged in" : "unreachable", style: "danger" };
}

function percent(share: number): string {
  return `${Math.round(share * 100)}%`;
}

function loadTone(share: number): StyleName {
  if (share >= 0.9) return "error";
  return share >= 0.75 ? "warning" : "value";
}
