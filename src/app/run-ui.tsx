import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { render } from "ink";
import type { Clusters } from "../cluster/cluster.ts";
import type { Paths } from "../config/paths.ts";
import type { Settings } from "../config/settings-schema.ts";
import { colourDepth, colourlessReason, createPalette } from "../config/theme.ts";
import type { InputEvent } from "../hotkeys/keys.ts";
import { systemClock, type Clock } from "../lib/clock.ts";
import { errorMessage } from "../lib/errors.ts";
import { silentLogger, type Logger } from "../lib/log.ts";
import { createValue } from "../lib/subscribable.ts";
import { Controller } from "./controller.ts";
import { createExecGuard, type ExecGuard } from "./exec-guard.ts";
import type { LocalClusters } from "./local-clusters.ts";
import type { ScreenLayout } from "./screen/screen-layout.ts";
import { hitAt } from "./screen/screen-hit.ts";
import { Screen } from "./screen/screen.tsx";
import { createOperations } from "./operations/create-operations.ts";
import { createSuspend, type Suspend, type SuspendScreen } from "./suspend.ts";
import { MODES_OFF, TerminalInput } from "./terminal-input.ts";
import { views } from "./views.ts";

export interface UiOptions {
  /** A function gets what clusters ask of the UI: whether a credential plugin may run, and the terminal for it. */
  readonly clusters: Clusters | ((guard: ExecGuard) => Clusters);
  readonly local: LocalClusters;
  readonly settings: Settings;
  readonly paths: Paths;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly clock?: Clock;
  readonly logger?: Logger;
  /** `--context`. */
  readonly context?: string | undefined;
  /** `-n`, or `""` for `-A`. */
  readonly namespace?: string | undefined;
  /** `-c`; default `pods`. */
  readonly initialCommand?: string | undefined;
  /** `--readonly` true, `--write` false, neither absent. */
  readonly readOnly?: boolean | undefined;
  /** `--headless` is false. */
  readonly header?: boolean;
  /** Start the embedded cluster where nothing is configured. */
  readonly autoStart: boolean;
  readonly stdin?: NodeJS.ReadStream;
  readonly stdout?: NodeJS.WriteStream;
  /** Handles signals and crashes of this process; false where the UI is a guest (tests). Default true. */
  readonly ownsProcess?: boolean;
  readonly maxFps?: number;
}

/** A UI that runs. */
export interface RunningUi {
  readonly controller: Controller;
  /** Settles when the UI has ended and the terminal is as it was. Rejects with the error of a crash. */
  readonly finished: Promise<void>;
  quit(): void;
  /** Resolves when everything drawn so far has been written. */
  flush(): Promise<void>;
  /** True while typed bytes wait to become a key. */
  inputPending(): boolean;
}

const SYNCHRONIZED = "\u001B[?2026h";
const WIPED = "\u001B[2J\u001B[H";

/** Draws the first frame, before any file or network is touched, and runs until the user quits. */
export function runUi(options: UiOptions): RunningUi {
  const { stdin = process.stdin, stdout = process.stdout, clock = systemClock, logger = silentLogger } = options;
  const ownsProcess = options.ownsProcess ?? true;
  const depth = colourDepth(options.env);
  const palette = createValue(createPalette(options.settings.theme, depth));
  let suspendScreen: SuspendScreen | undefined;
  let layout: ScreenLayout | undefined;
  let ending: Promise<void> | undefined;
  const write = (sequence: string): void => {
    stdout.write(sequence);
  };

  const take = (event: InputEvent): void => {
    if (event.type !== "click") controller.input(event);
    else if (layout !== undefined) {
      const { dialogs, prompt, navigation } = controller;
      const titles = navigation.trail.get().places.map((each) => each.title);
      const shown = { dialog: dialogs.front.get(), prompt: prompt.state.get(), titles };
      const hit = hitAt(event, layout, shown, palette.get());
      if (hit !== undefined) controller.click(hit);
    }
  };
  const input = new TerminalInput(stdin, write, clock, take, { mouse: options.settings.mouse });
  const suspend = createSuspend({ input, stdin, stdout, screen: () => suspendScreen, ownsProcess });
  const guard = createExecGuard({
    paths: options.paths,
    logger,
    env: options.env,
    confirm: (request) => controller.doors.confirm(request),
    suspend,
  });
  const controller = new Controller({
    ...options,
    clusters: typeof options.clusters === "function" ? options.clusters(guard) : options.clusters,
    clock,
    logger,
    initialCommand: options.initialCommand ?? "pods",
    header: options.header ?? true,
    views,
    suspend,
    createOperations: (services) => createOperations(services, write),
    savePath: (name) => {
      const folder = join(options.paths.state, "saved");
      mkdirSync(folder, { recursive: true, mode: 0o700 });
      return join(
        folder,
        `${new Date(clock.now()).toISOString().replaceAll(/[:.]/g, "-")}-${name.replaceAll("/", "_")}`,
      );
    },
    useTheme: (name) => {
      palette.set(createPalette(name, depth));
      const keep = `\`theme: ${name}\` in config.yaml keeps it`;
      if (depth !== "none") return `theme ${name}; ${keep}`;
      return `nothing changes here, where there are no colours (${colourlessReason(options.env)}); ${keep}`;
    },
    quit: () => void end(),
  });

  const resizes = createValue(0);
  const wipe = (): void => {
    // The frame that follows ends what is begun here: a wiped screen is never seen.
    write(SYNCHRONIZED);
    ink.clear();
    write(WIPED);
  };
  const ink = render(
    <Screen
      controller={controller}
      palette={palette}
      clock={clock}
      onLayout={(next) => {
        layout = next;
      }}
      resizes={resizes}
      wipe={wipe}
      onSuspend={(suspend) => {
        suspendScreen = suspend;
      }}
    />,
    {
      stdout,
      // Ink must not read the keyboard: `TerminalInput` does.
      stdin: new PassThrough(),
      alternateScreen: true,
      incrementalRendering: true,
      interactive: true,
      // A key must not wait long for the frame of a change that came just before it.
      maxFps: options.maxFps ?? 125,
      exitOnCtrlC: false,
      patchConsole: ownsProcess,
    },
  );
  const onResize = (): void => resizes.update((count) => count + 1);
  stdout.on("resize", onResize);
  input.start();

  let crash: unknown;
  const finish = async (): Promise<void> => {
    stdout.off("resize", onResize);
    input.stop();
    ink.unmount();
    await Promise.allSettled([ink.waitUntilExit()]);
    await controller.close();
  };
  const end = (error?: unknown): Promise<void> => {
    crash ??= error;
    ending ??= finish();
    return ending;
  };
  const detach = ownsProcess ? attachToProcess({ stdin, stdout, end, logger, suspend, input }) : () => {};

  const finished = (async (): Promise<void> => {
    await Promise.race([
      Promise.allSettled([ink.waitUntilExit()]),
      controller
        .start()
        .catch((error: unknown) => {
          logger.error("start failed", { error });
          controller.flash.show("error", errorMessage(error));
          return new Promise<void>(() => {});
        })
        .then(() => new Promise<void>(() => {})),
    ]);
    await end();
    detach();
    if (crash !== undefined) throw crash;
  })();
  return {
    controller,
    finished,
    quit: () => void end(),
    flush: () => ink.waitUntilRenderFlush(),
    inputPending: () => input.pending,
  };
}

/** Ends the UI cleanly on signals, a crash or a terminal that went away. @returns what undoes it */
function attachToProcess(options: {
  readonly stdin: NodeJS.ReadStream;
  readonly stdout: NodeJS.WriteStream;
  readonly end: (error?: unknown) => Promise<void>;
  readonly logger: Logger;
  readonly suspend: Suspend;
  readonly input: TerminalInput;
}): () => void {
  const { stdin, stdout, end, logger, suspend, input } = options;
  const onSignal = (): void => void end();
  const onCrash = (error: unknown): void => {
    logger.error("crash", { error });
    void end(error);
  };
  // The last chance to leave the terminal as it was: only synchronous writes work here.
  const onExit = (): void => {
    stdout.write(MODES_OFF);
  };
  const stop = (): void => void process.kill(process.pid, "SIGSTOP");
  let stopping = false;
  // The shell gets its terminal as it was. While an editor or a remote shell has it, there is nothing to give back.
  const onStop = (): void => {
    stopping = true;
    void suspend(() => Promise.resolve(stop()))
      .catch(stop)
      .finally(() => {
        stopping = false;
      });
  };
  // After a stop that nobody was told of the screen is somebody else's: it is taken back and drawn anew.
  const onContinue = (): void => {
    if (!stopping) suspend(() => Promise.resolve()).catch(() => undefined);
  };
  // Ctrl-C of a child in our process group reaches us too.
  const onInterrupt = (): void => {
    if (input.running) onSignal();
  };
  const listeners: ReadonlyArray<readonly [NodeJS.EventEmitter, string, (error?: unknown) => void]> = [
    [process, "SIGTSTP", onStop],
    [process, "SIGCONT", onContinue],
    [process, "SIGINT", onInterrupt],
    [process, "SIGTERM", onSignal],
    [process, "SIGHUP", onSignal],
    [process, "SIGQUIT", onSignal],
    [process, "uncaughtException", onCrash],
    [process, "unhandledRejection", onCrash],
    [process, "exit", onExit],
    [stdin, "end", onSignal],
    [stdin, "error", onSignal],
  ];
  for (const [emitter, event, listener] of listeners) emitter.on(event, listener);
  return () => {
    for (const [emitter, event, listener] of listeners) emitter.off(event, listener);
  };
}
