import { closeSync, mkdirSync, openSync } from "node:fs";
import { dirname } from "node:path";
import { createClusters } from "../../cluster/clusters.ts";
import { createEmbeddedProvider } from "../../cluster/providers/embedded.ts";
import { loadSettings } from "../../config/load-settings.ts";
import { resolvePaths } from "../../config/paths.ts";
import { themeNames } from "../../config/theme.ts";
import { actions } from "../../hotkeys/registry.ts";
import { fileFault, UsageError } from "../../lib/errors.ts";
import { createLogger, fileWriter } from "../../lib/log.ts";
import { KELPIE_VERSION } from "../../lib/version.gen.ts";
import { createProvidedClusters } from "../provided-clusters.ts";
import { runUi } from "../run-ui.tsx";
import { flagHelp, parseArguments } from "./arguments.ts";
import { version } from "./info.ts";
import type { Output } from "./output.ts";
import { TOP_COMMANDS, UI_FLAGS } from "./ui-flags.ts";
import { uiOptions } from "./ui-options.ts";

/** `kelpie [flags]`: the UI. */
export async function startUi(argv: readonly string[], env: NodeJS.ProcessEnv, output: Output): Promise<number> {
  const flags = parseArguments(argv, UI_FLAGS, "kelpie");
  const [unexpected] = flags.positionals;
  if (unexpected !== undefined) {
    throw new UsageError(`unknown command "${unexpected}"`, {
      hint: `It is one of ${TOP_COMMANDS.join(", ")}, or none for the UI.`,
    });
  }
  if (flags.has("version")) return version(output);
  if (flags.has("help")) {
    output.out(help());
    return 0;
  }
  const options = uiOptions(flags);
  const paths = resolvePaths(env);
  const loaded = await loadSettings(paths.configFile);
  const settings = { ...loaded.settings, theme: options.theme ?? loaded.settings.theme };
  if (!themeNames.includes(settings.theme)) {
    const place = options.theme === undefined ? loaded.placeOf(["theme"]) : "--theme";
    throw new UsageError(`${place}: unknown theme "${settings.theme}"`, {
      hint: `It is one of ${themeNames.join(", ")}.`,
    });
  }
  const unknown = Object.keys(settings.keys).find((id) => actions.every((action) => action.id !== id));
  if (unknown !== undefined) {
    throw new UsageError(`${loaded.placeOf(["keys", unknown])}: keys.${unknown} names no action`, {
      hint: "docs/keys.md lists every action.",
    });
  }
  if (options.logFile !== undefined) checkWritable(options.logFile);
  if (!process.stdin.isTTY || !process.stdout.isTTY) {
    throw new UsageError(
      "the UI needs a terminal on standard input and output; scripts use kubectl or `kelpie cluster`",
    );
  }
  const logger = createLogger(options.logLevel, fileWriter(options.logFile ?? paths.logFile));
  const provider = createEmbeddedProvider(paths.data);
  const ui = runUi({
    clusters: (guard) =>
      createClusters({
        ...guard,
        overrides: options.overrides,
        env,
        logger,
        localKubeconfigs: async () => {
          const clusters = await provider.list();
          return clusters.filter((each) => each.state === "running").map((each) => each.kubeconfig);
        },
      }),
    local: createProvidedClusters(provider),
    settings,
    paths,
    env,
    logger,
    context: options.overrides.context,
    namespace: options.namespace,
    initialCommand: options.command,
    readOnly: options.readOnly,
    header: !options.headless,
    autoStart: options.startLocal && settings.local.autoStart,
  });
  // A terminal that was closed may be noticed by a write before any signal: what the UI has begun ends with it.
  output.onLost?.(() => ui.quit());
  await ui.finished;
  return 0;
}

/** What was asked for must not be missing without a word; the log of every day may, on a full disk. */
function checkWritable(path: string): void {
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    closeSync(openSync(path, "a", 0o600));
  } catch (error) {
    throw new UsageError(`--log-file: cannot write ${path}: ${fileFault(error)}`);
  }
}

function help(): string {
  return `kelpie ${KELPIE_VERSION}: a terminal UI for Kubernetes with a cluster built in.

Usage: kelpie [flags]                 open the UI
       kelpie cluster <command>       local clusters: start, stop, delete, status, …
       kelpie version | info          what runs, and every path it uses
       kelpie config explain          each setting, its value and where it came from
       kelpie completion <shell>      bash, zsh or fish

Flags:
${flagHelp(UI_FLAGS)}`;
}
