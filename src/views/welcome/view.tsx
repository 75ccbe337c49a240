import type { ReactElement } from "react";
import type { Palette } from "../../config/theme.ts";
import type { Clock } from "../../lib/clock.ts";
import { createValue } from "../../lib/subscribable.ts";
import { fit, sanitize, textWidth } from "../../lib/text.ts";
import { Lines } from "../../ui/lines.tsx";
import { useTheme } from "../../ui/theme-context.tsx";
import { useStore } from "../../ui/use-store.ts";
import {
  NOTHING_SELECTED,
  type Freshness,
  type View,
  type ViewDefinition,
  type ViewHost,
  type ViewProps,
  type ViewTitle,
  type Welcome,
} from "../view.ts";

/** Shown while no cluster is open: the steps of a local start, what stands in the way, what to do next. */
export const welcomeView: ViewDefinition = {
  id: "welcome",
  create: (host) => new WelcomeView(host),
};

class WelcomeView implements View {
  readonly id = "welcome";
  readonly scopes = ["clusters"] as const;
  readonly search = "none";
  readonly title = createValue<ViewTitle>({ what: "local clusters" });
  readonly freshness = createValue<Freshness>({ state: "static" });
  readonly Component: (props: ViewProps) => ReactElement;
  readonly #host: ViewHost;
  readonly #cursor = createValue(0);
  readonly #tick = createValue(0);
  #endTick: (() => void) | undefined;

  constructor(host: ViewHost) {
    this.#host = host;
    this.Component = ({ columns, rows }) => {
      const palette = useTheme();
      const welcome = useStore(host.session.welcome);
      const cursor = useStore(this.#cursor);
      useStore(this.#tick);
      return <Lines lines={welcomeLines(welcome, cursor, host.clock, columns, palette)} rows={rows} />;
    };
  }

  selection(): ReturnType<View["selection"]> {
    return NOTHING_SELECTED;
  }

  disabledReason(name: string): string | undefined {
    if (name.startsWith("cluster.") && name !== "cluster.open") return ":clusters does that";
    return name === "cluster.open" && this.#host.session.welcome.get().local.length === 0
      ? "there is nothing to open"
      : undefined;
  }

  command(name: string): void {
    const { session } = this.#host;
    const { local } = session.welcome.get();
    const cursor = Math.min(this.#cursor.get(), Math.max(0, local.length - 1));
    if (name === "move.up") this.#cursor.set(Math.max(0, cursor - 1));
    else if (name === "move.down") this.#cursor.set(Math.min(Math.max(0, local.length - 1), cursor + 1));
    else if (name === "view.reload") session.reloadLocal();
    else if (name === "cluster.open") {
      const chosen = local[cursor];
      if (chosen !== undefined) session.startLocal(chosen.name);
    }
  }

  show(): void {
    if (this.#host.session.context.get() !== undefined) this.#host.session.reloadLocal();
    // The seconds of a running step go on.
    this.#endTick = this.#host.clock.every(
      1000,
      () => {
        if (this.#host.session.welcome.get().steps.some((step) => step.state === "running")) {
          this.#tick.update((count) => count + 1);
        }
      },
      { background: true },
    );
  }

  hide(): void {
    this.#endTick?.();
    this.#endTick = undefined;
  }

  dispose(): void {
    this.hide();
  }
}

const MARKS: Readonly<Record<Welcome["steps"][number]["state"], string>> = { running: "…", done: "✓", failed: "✗" };
const TONES = { running: "progress", done: "accent", failed: "error" } as const;

function welcomeLines(welcome: Welcome, cursor: number, clock: Clock, columns: number, palette: Palette): string[] {
  const lines: string[] = ["", palette.paint("  kelpie", "title"), ""];
  const width = columns - 4;
  if (welcome.steps.length > 0) {
    lines.push(palette.paint("  Starting the local cluster: no Docker, no root, no download.", "text"), "");
    for (const step of welcome.steps) {
      const time = `${(((step.endedAt ?? clock.now()) - step.startedAt) / 1000).toFixed(1)} s`;
      const text = fit(`${MARKS[step.state]} ${sanitize(step.text)}`, Math.min(50, width - 8));
      lines.push(`  ${palette.paint(text, TONES[step.state])}${palette.paint(time.padStart(8), "dim")}`);
      if (step.detail !== undefined) lines.push(...wrapped(sanitize(step.detail), width, palette, "dim", "    "));
    }
    lines.push("");
  } else if (welcome.waitingFor !== undefined && welcome.problem === undefined) {
    lines.push(palette.paint(`  ${welcome.waitingFor}`, "progress"));
  }
  if (welcome.problem !== undefined) {
    lines.push(...wrapped(sanitize(welcome.problem.message), width, palette, "error", "  "));
    if (welcome.problem.hint !== undefined) {
      lines.push(...wrapped(sanitize(welcome.problem.hint), width, palette, "text", "  "));
    }
    lines.push("");
  }
  if (welcome.local.length > 0 && !welcome.steps.some((step) => step.state === "running")) {
    lines.push(palette.paint("  Local clusters", "heading"));
    for (const [index, cluster] of welcome.local.entries()) {
      const text = fit(`  ${fit(cluster.name, 20)} ${fit(cluster.state, 10)} ${sanitize(cluster.note)}`, width);
      lines.push(palette.paint(text, index === cursor ? "selected" : "text"));
    }
    lines.push("", palette.paint("  Enter starts or opens it; :ctx lists the contexts of the kubeconfig.", "dim"));
  }
  return lines;
}

/** Breaks a text between words. */
function wrapped(
  text: string,
  width: number,
  palette: Palette,
  tone: "error" | "dim" | "text",
  lead: string,
): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line !== "" && textWidth(line) + textWidth(word) + 1 > width - lead.length) {
      lines.push(line);
      line = word;
    } else line = line === "" ? word : `${line} ${word}`;
  }
  return [...lines, line].map((each) => lead + palette.paint(each, tone));
}
