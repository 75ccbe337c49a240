import { Box, useApp, useWindowSize, useCursor } from "ink";
import { useEffect, useInsertionEffect, useSyncExternalStore, type ReactElement } from "react";
import type { Protection } from "../../cluster/cluster.ts";
import type { Palette } from "../../config/theme.ts";
import type { Clock } from "../../lib/clock.ts";
import { createValue, type Subscribable } from "../../lib/subscribable.ts";
import { fit, textWidth, truncate, wrapWords } from "../../lib/text.ts";
import { Line, Lines } from "../../ui/lines.tsx";
import { ThemeContext } from "../../ui/theme-context.tsx";
import { useStore } from "../../ui/use-store.ts";
import type { View } from "../../views/view.ts";
import { followClusterUsage, type ClusterUsage } from "../cluster-usage.ts";
import type { Controller } from "../controller.ts";
import type { SuspendScreen } from "../suspend.ts";
import { Boundary } from "./boundary.tsx";
import { crumbsLine } from "./crumbs-line.ts";
import { dialogBox } from "./dialog-lines.ts";
import { alertLine, hasAlert, headerLine, type HeaderFacts } from "./header-lines.ts";
import { hintLines } from "./hint-lines.ts";
import { promptLine, suggestionLines } from "./prompt-lines.ts";
import { layOutScreen, type ScreenLayout } from "./screen-layout.ts";
import { titleLine } from "./title-line.ts";

export interface ScreenProps {
  readonly controller: Controller;
  readonly palette: Subscribable<Palette>;
  readonly clock: Clock;
  /** Told after every change of the layout: where the content stands, for clicks. */
  readonly onLayout: (layout: ScreenLayout) => void;
  /** Counts the changes of the terminal's size. */
  readonly resizes: Subscribable<number>;
  /** Wipes the terminal, so that the next frame is drawn whole. */
  readonly wipe: () => void;
  /** Told once: Ink's part of handing the terminal over. */
  readonly onSuspend: (suspend: SuspendScreen) => void;
}

const NOTHING = createValue(undefined);
const OFF = createValue(false);
const OPEN = createValue<Protection>("open");

/** The whole terminal: header, hints, title, the view in front, crumbs, flash line or prompt, and the dialog over it. */
export function Screen(props: ScreenProps): ReactElement {
  const { controller, clock, onLayout, onSuspend, resizes, wipe } = props;
  const palette = useStore(props.palette);
  const { suspendTerminal } = useApp();
  useEffect(() => onSuspend(suspendTerminal), [onSuspend, suspendTerminal]);
  const { columns, rows } = useWindowSize();
  const trail = useStore(controller.navigation.trail);
  const view = trail.places.at(-1)?.place;
  const fullscreen = useStore(view?.fullscreen ?? OFF);
  const headerShown = useStore(controller.header);
  const facts = useHeaderFacts(controller, clock);
  const alert = hasAlert(facts) ? 1 : 0;
  const layout = layOutScreen(rows, columns, { header: headerShown, fullscreen, alert });
  useEffect(() => onLayout(layout));
  const guard = { columns, palette, onError: controller.reportDrawingError.bind(controller) };
  return (
    <ThemeContext value={palette}>
      <Box flexDirection="column" width={columns} height={rows} overflow="hidden">
        <Boundary {...guard} what="The header" attempt={facts.status} rows={layout.header}>
          <Header facts={facts} alert={alert} columns={columns} rows={layout.header} palette={palette} />
        </Boundary>
        {view === undefined ? (
          <Lines lines={[]} rows={layout.hints + layout.title + layout.content} />
        ) : (
          <>
            <Boundary {...guard} what="The keys" attempt={view} rows={layout.hints}>
              <Hints controller={controller} view={view} columns={columns} rows={layout.hints} palette={palette} />
            </Boundary>
            {layout.title === 1 && (
              <Boundary {...guard} what="The title" attempt={view} rows={1}>
                <Title view={view} columns={columns} palette={palette} />
              </Boundary>
            )}
            <Content controller={controller} view={view} columns={columns} rows={layout.content} palette={palette} />
          </>
        )}
        {layout.crumbs === 1 && <Crumbs controller={controller} columns={columns} palette={palette} />}
        <Boundary {...guard} what="This line" attempt={view} rows={1}>
          <Bottom controller={controller} columns={columns} palette={palette} />
        </Boundary>
        <Resized columns={columns} rows={rows} resizes={resizes} wipe={wipe} />
        <GuardedOverlay controller={controller} columns={columns} rows={rows} palette={palette} />
      </Box>
    </ThemeContext>
  );
}

type ResizedProps = Pick<ScreenProps, "resizes" | "wipe"> & { readonly columns: number; readonly rows: number };

/**
 * Ink writes what has changed since the frame before, counted from the cursor; a terminal of another size shows another
 * part of that frame. The first frame of a size is drawn whole on a wiped terminal, even where it equals the last one:
 * Ink writes such a frame only where a cursor was set since.
 */
function Resized({ columns, rows, resizes, wipe }: ResizedProps): null {
  const count = useStore(resizes);
  useInsertionEffect(() => {
    if (count > 0) wipe();
  }, [columns, rows, count, wipe]);
  useCursor();
  return null;
}

interface HeaderProps {
  readonly facts: HeaderFacts;
  /** Lines the warning about the connection has. */
  readonly alert: 0 | 1;
  readonly columns: number;
  readonly rows: number;
  readonly palette: Palette;
}

function Header({ facts, alert, columns, rows, palette }: HeaderProps): ReactElement {
  const warning = alert === 1 ? alertLine(facts, columns, palette) : undefined;
  const lines = [
    ...(rows > alert ? [headerLine(facts, columns, palette)] : []),
    ...(warning === undefined ? [] : [warning]),
  ];
  return <Lines lines={lines} rows={rows} />;
}

function useHeaderFacts(controller: Controller, clock: Clock): HeaderFacts {
  const cluster = useStore(controller.session.cluster);
  const status = useStore<HeaderFacts["status"]>(cluster?.status ?? NOTHING);
  const login = useStore<HeaderFacts["login"]>(cluster?.login ?? NOTHING);
  const readOnly = useStore<boolean>(cluster?.writes.readOnly ?? OFF);
  const protection = useStore<Protection>(cluster?.writes.protection ?? OPEN);
  const usage = useStore<ClusterUsage>(useUsage(controller));
  // Seconds go on in the header only while it counts them.
  const counting = login !== undefined || (status !== undefined && status.state !== "connected");
  const second = useSyncExternalStore(
    (listener) => (counting ? clock.every(1000, listener, { background: true }) : () => {}),
    () => (counting ? Math.floor(clock.now() / 1000) : 0),
  );
  return { context: cluster?.context, readOnly, protection, status, login, usage, now: counting ? second * 1000 : 0 };
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
  useStore<number | undefined>(controller.session.cluster.get()?.access.changed ?? NOTHING);
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
    <Boundary
      key={identify(view)}
      what="This view"
      advice="Esc goes back. The log of kelpie has the details."
      columns={columns}
      rows={rows}
      palette={palette}
      onError={controller.reportDrawingError.bind(controller)}
    >
      <Drawn columns={columns} rows={rows} />
    </Boundary>
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

function Crumbs({ controller, columns, palette }: Omit<PartProps, "view" | "rows">): ReactElement {
  const { places } = useStore(controller.navigation.trail);
  const namespace = useStore(controller.session.namespace);
  const titles = places.map((place) => place.title);
  return <Line text={crumbsLine(titles, namespace, columns, palette)} />;
}

function Bottom({ controller, columns, palette }: Omit<PartProps, "view" | "rows">): ReactElement {
  const prompt = useStore(controller.prompt.state);
  const flash = useStore(controller.flash.message);
  if (prompt !== undefined) return <Line text={promptLine(prompt, columns, palette)} />;
  if (flash === undefined) return <Line text="" />;
  return <Line text={palette.paint(truncate(` ${flash.text}`, columns), `flash-${flash.tone}`)} />;
}

/** A message that is longer than the line at the bottom stands over the lines above it: an error is shown in full. */
function LongFlash({ controller, columns, rows, palette }: Omit<PartProps, "view">): ReactElement | null {
  const flash = useStore(controller.flash.message);
  if (flash === undefined || textWidth(flash.text) < columns) return null;
  const lines = wrapWords(flash.text, columns - 2).slice(0, Math.max(1, Math.floor(rows / 3)));
  return (
    <Box position="absolute" left={0} top={rows - lines.length} flexDirection="column">
      <Lines
        lines={lines.map((line) => palette.paint(fit(` ${line}`, columns), `flash-${flash.tone}`))}
        rows={lines.length}
      />
    </Box>
  );
}

/** A dialog that cannot be drawn must not wait for keys unseen: its place tells how to leave it. */
function GuardedOverlay(props: Omit<PartProps, "view">): ReactElement {
  const { controller, columns, rows, palette } = props;
  const dialog = useStore(controller.dialogs.front);
  const prompt = useStore(controller.prompt.state);
  return (
    <Boundary
      what={dialog === undefined ? "The suggestions" : "This dialog"}
      advice="Esc closes it."
      attempt={dialog ?? prompt}
      columns={columns}
      rows={2}
      top={Math.max(0, rows - 2)}
      palette={palette}
      onError={controller.reportDrawingError.bind(controller)}
    >
      <Overlay {...props} />
    </Boundary>
  );
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
  if (prompt === undefined)
    return <LongFlash controller={controller} columns={columns} rows={rows} palette={palette} />;
  const lines = suggestionLines(prompt, columns, rows, palette);
  if (lines.length === 0) return null;
  return (
    <Box position="absolute" left={0} top={rows - 1 - lines.length} flexDirection="column">
      <Lines lines={lines} rows={lines.length} />
    </Box>
  );
}
