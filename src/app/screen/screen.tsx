import { Box, useApp, useWindowSize } from "ink";
import { Component, useEffect, useSyncExternalStore, type ReactElement, type ReactNode } from "react";
import type { Palette } from "../../config/theme.ts";
import type { Clock } from "../../lib/clock.ts";
import { errorMessage } from "../../lib/errors.ts";
import { createValue, type Subscribable } from "../../lib/subscribable.ts";
import { sanitize, truncate } from "../../lib/text.ts";
import { Line, Lines } from "../../ui/lines.tsx";
import { ThemeContext } from "../../ui/theme-context.tsx";
import { useStore } from "../../ui/use-store.ts";
import type { View } from "../../views/view.ts";
import { followClusterUsage, type ClusterUsage } from "../cluster-usage.ts";
import type { Controller } from "../controller.ts";
import type { SuspendScreen } from "../suspend.ts";
import { dialogBox } from "./dialog-lines.ts";
import { alertLine, headerLine, type HeaderFacts } from "./header-lines.ts";
import { hintLines } from "./hint-lines.ts";
import { promptLine, suggestionLines } from "./prompt-lines.ts";
import { layOutScreen, type ScreenLayout } from "./screen-layout.ts";
import { titleLine } from "./title-line.ts";

export interface ScreenProps {
  readonly controller: Controller;
  readonly palette: Palette;
  readonly clock: Clock;
  /** Told after every change of the layout: where the content stands, for clicks. */
  readonly onLayout: (layout: ScreenLayout) => void;
  /** Told once: Ink's part of handing the terminal over. */
  readonly onSuspend: (suspend: SuspendScreen) => void;
}

const NOTHING = createValue(undefined);
const OFF = createValue(false);

/** The whole terminal: header, hints, title, the view in front, crumbs, flash line or prompt, and the dialog over it. */
export function Screen(props: ScreenProps): ReactElement {
  const { controller, palette, clock, onLayout, onSuspend } = props;
  const { suspendTerminal } = useApp();
  useEffect(() => onSuspend(suspendTerminal), [onSuspend, suspendTerminal]);
  const { columns, rows } = useWindowSize();
  const trail = useStore(controller.navigation.trail);
  const view = trail.places.at(-1)?.place;
  const fullscreen = useStore(view?.fullscreen ?? OFF);
  const headerShown = useStore(controller.header);
  const facts = useHeaderFacts(controller, clock);
  const alert = alertLine(facts, columns, palette);
  const layout = layOutScreen(rows, columns, { header: headerShown, fullscreen, alert: alert === undefined ? 0 : 1 });
  useEffect(() => onLayout(layout));
  const header = [
    ...(layout.header > (alert === undefined ? 0 : 1) ? [headerLine(facts, columns, palette)] : []),
    ...(alert === undefined ? [] : [alert]),
  ];
  return (
    <ThemeContext value={palette}>
      <Box flexDirection="column" width={columns} height={rows} overflow="hidden">
        <Lines lines={header} rows={layout.header} />
        {view === undefined ? (
          <Lines lines={[]} rows={layout.hints + layout.title + layout.content} />
        ) : (
          <>
            <Hints controller={controller} view={view} columns={columns} rows={layout.hints} palette={palette} />
            {layout.title === 1 && <Title view={view} columns={columns} palette={palette} />}
            <Content controller={controller} view={view} columns={columns} rows={layout.content} palette={palette} />
          </>
        )}
        {layout.crumbs === 1 && (
          <Line
            text={crumbsLine(
              trail.places.map((place) => place.title),
              columns,
              palette,
            )}
          />
        )}
        <Bottom controller={controller} columns={columns} palette={palette} />
        <Overlay controller={controller} columns={columns} rows={rows} palette={palette} />
      </Box>
    </ThemeContext>
  );
}

function useHeaderFacts(controller: Controller, clock: Clock): HeaderFacts {
  const cluster = useStore(controller.session.cluster);
  const status = useStore<HeaderFacts["status"]>(cluster?.status ?? NOTHING);
  const readOnly = useStore<boolean>(cluster?.writes.readOnly ?? OFF);
  const usage = useStore<ClusterUsage>(useUsage(controller));
  // Seconds go on in the header only while it counts them.
  const counting = status !== undefined && status.state !== "connected";
  const second = useSyncExternalStore(
    (listener) => (counting ? clock.every(1000, listener, { background: true }) : () => {}),
    () => (counting ? Math.floor(clock.now() / 1000) : 0),
  );
  return { context: cluster?.context, readOnly, status, usage, now: counting ? second * 1000 : 0 };
}

const usages = new WeakMap<object, ReturnType<typeof followClusterUsage>>();

/** The usage of the open cluster: begun with the first look, ended when another cluster is opened. */
function useUsage(controller: Controller): Subscribable<ClusterUsage> {
  const cluster = useStore(controller.session.cluster);
  const known = cluster === undefined ? undefined : usages.get(cluster);
  useEffect(() => {
    if (cluster === undefined) return undefined;
    return () => {
      usages.get(cluster)?.end();
      usages.delete(cluster);
    };
  }, [cluster]);
  if (cluster === undefined) return NOTHING;
  if (known !== undefined) return known.usage;
  const made = followClusterUsage(cluster);
  usages.set(cluster, made);
  return made.usage;
}

interface PartProps {
  readonly controller: Controller;
  readonly view: View;
  readonly columns: number;
  readonly rows: number;
  readonly palette: Palette;
}

function Hints({ controller, view, columns, rows, palette }: PartProps): ReactElement {
  // What is offered changes with the selection at most; the title tells when rows did.
  useStore(view.title);
  useStore<boolean>(controller.session.cluster.get()?.writes.readOnly ?? OFF);
  return <Lines lines={hintLines(controller.hints(), columns, rows, palette)} rows={rows} />;
}

function Title({ view, columns, palette }: Omit<PartProps, "controller" | "rows">): ReactElement {
  const title = useStore(view.title);
  const freshness = useStore(view.freshness);
  return <Line text={titleLine(title, freshness, columns, palette)} />;
}

function Content({ controller, view, columns, rows, palette }: PartProps): ReactElement {
  const { Component: Drawn } = view;
  return (
    <ContentBoundary key={identify(view)} controller={controller} columns={columns} rows={rows} palette={palette}>
      <Drawn columns={columns} rows={rows} />
    </ContentBoundary>
  );
}

const identities = new WeakMap<View, string>();
let lastIdentity = 0;

/** A key that is another one for every view instance, so that nothing of one leaks into the next. */
function identify(view: View): string {
  const known = identities.get(view);
  if (known !== undefined) return known;
  lastIdentity += 1;
  const made = String(lastIdentity);
  identities.set(view, made);
  return made;
}

interface BoundaryProps extends Omit<PartProps, "view"> {
  readonly children: ReactNode;
}

/** A view that fails to draw says so in its place; the rest of the program goes on. */
class ContentBoundary extends Component<BoundaryProps, { readonly message: string | undefined }> {
  override state: { readonly message: string | undefined } = { message: undefined };

  static getDerivedStateFromError(error: unknown): { readonly message: string } {
    return { message: errorMessage(error) };
  }

  override componentDidCatch(error: Error): void {
    this.props.controller.reportDrawingError(error);
  }

  override render(): ReactNode {
    const { message } = this.state;
    if (message === undefined) return this.props.children;
    const { columns, rows, palette } = this.props;
    const lines = [
      "",
      palette.paint(truncate(`  This view could not be drawn: ${sanitize(message)}`, columns), "danger"),
      palette.paint(truncate("  Esc goes back. The log of kelpie has the details.", columns), "dim"),
    ];
    return <Lines lines={lines} rows={rows} />;
  }
}

function crumbsLine(titles: readonly string[], columns: number, palette: Palette): string {
  const separator = " › ";
  const kept = titles.map(sanitize);
  const width = (): number => kept.reduce((sum, title) => sum + title.length + separator.length, 0);
  while (kept.length > 1 && width() > columns) kept.shift();
  const painted = kept.map((title, index) =>
    palette.paint(truncate(title, columns - 2), index === kept.length - 1 ? "crumb-current" : "crumb"),
  );
  return ` ${painted.join(palette.paint(separator, "border"))}`;
}

function Bottom({ controller, columns, palette }: Omit<PartProps, "view" | "rows">): ReactElement {
  const prompt = useStore(controller.prompt.state);
  const flash = useStore(controller.flash.message);
  if (prompt !== undefined) return <Line text={promptLine(prompt, columns, palette)} />;
  if (flash === undefined) return <Line text="" />;
  return <Line text={palette.paint(truncate(` ${flash.text}`, columns), `flash-${flash.tone}`)} />;
}

function Overlay({ controller, columns, rows, palette }: Omit<PartProps, "view">): ReactElement | null {
  const prompt = useStore(controller.prompt.state);
  const dialog = useStore(controller.dialogs.front);
  if (dialog !== undefined) {
    const { lines, left, top } = dialogBox(dialog, columns, rows, palette);
    return (
      <Box position="absolute" left={left} top={top} flexDirection="column">
        <Lines lines={lines} rows={lines.length} />
      </Box>
    );
  }
  if (prompt === undefined) return null;
  const lines = suggestionLines(prompt, columns, Math.min(8, rows - 4), palette);
  if (lines.length === 0) return null;
  return (
    <Box position="absolute" left={0} top={rows - 1 - lines.length} flexDirection="column">
      <Lines lines={lines} rows={lines.length} />
    </Box>
  );
}
