import { spawn, type ChildProcess } from "node:child_process";
import { basename } from "node:path";
import type { Cancel, Clock } from "../lib/clock.ts";
import { errorCode, errorMessage } from "../lib/errors.ts";
import { asString, at, isRecord } from "../lib/kube/object.ts";
import type { Logger } from "../lib/log.ts";
import { sanitize } from "../lib/text.ts";
import type { Login } from "./cluster.ts";
import type { ConnectionTarget } from "./connection-target.ts";
import { CredentialError, readPem, type Credential, type CredentialSource } from "./credential.ts";
import { checkKeyPair } from "./key-pair.ts";
import type { ExecPlugin } from "./kubeconfig.ts";

/** An exec plugin that is about to run for the first time in this process. */
export interface ExecRequest {
  readonly context: string;
  readonly user: string;
  readonly command: string;
  readonly args: readonly string[];
  /** What the kubeconfig adds to its environment: this too decides what it does. */
  readonly env?: Readonly<Record<string, string>>;
}

export interface ExecOptions {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly logger: Logger;
  /** Asked before every run of a plugin, which may have changed since; the caller remembers answers. */
  readonly confirmExec?: (request: ExecRequest) => Promise<boolean>;
  /** Told while a plugin runs, and `undefined` when it has ended. */
  readonly loggingIn?: (login: Login | undefined) => void;
  /** Gives the terminal to a plugin that must ask the user: suspends the screen, runs, resumes. */
  readonly withTerminal?: <T>(run: () => Promise<T>) => Promise<T>;
}

/** A plugin that failed is not run again for so long, so that many lists do not start it over and over. */
const FAILURE_HELD_MILLISECONDS = 5000;
/** Nor is one whose newest token the server refused, which would be asked again by every list. */
const REFUSAL_HELD_MILLISECONDS = 10_000;
const PLUGIN_TIMEOUT_MILLISECONDS = 180_000;
/** For a plugin that was told to end, and for what its children still have to say. */
const PLUGIN_END_MILLISECONDS = 2000;
const MAX_OUTPUT_BYTES = 1 << 20;

/**
 * Credentials from an exec plugin (client-go `plugin/pkg/client/auth/exec`): cached until they expire, refreshed after
 * a 401, one run for all who wait.
 */
export function createExecCredentials(
  target: ConnectionTarget,
  plugin: ExecPlugin,
  options: ExecOptions & { readonly clock: Clock },
): CredentialSource {
  const { clock } = options;
  const closed = new AbortController();
  let held: { readonly credential: Credential; readonly expiresAt: number } | undefined;
  let failure: { readonly error: unknown; readonly until: number } | undefined;
  let pending: Promise<Credential> | undefined;
  let refreshedAt = Number.NEGATIVE_INFINITY;
  /** One that failed in the terminal is tried without it: what was mended elsewhere is noticed, and nobody is asked. */
  let mayAsk = true;
  const { withTerminal } = options;
  const takeTerminal: ExecOptions["withTerminal"] =
    withTerminal === undefined
      ? undefined
      : (run) => {
          mayAsk = false;
          return withTerminal(run);
        };

  const run = async (): Promise<Credential> => {
    if (options.confirmExec !== undefined) {
      const request = {
        context: target.context.name,
        user: target.user.name,
        command: plugin.command,
        args: plugin.args,
        env: plugin.env,
      };
      if (!(await options.confirmExec(request))) {
        failure = { error: refused(plugin), until: Number.POSITIVE_INFINITY };
        throw failure.error;
      }
    }
    try {
      const terminal = mayAsk || plugin.interactiveMode === "Always" ? takeTerminal : undefined;
      const output = await runPlugin(target, plugin, options, terminal, closed.signal);
      const answer = parseCredential(output, plugin);
      const { certificate, key } = answer.credential;
      if (certificate !== undefined && key !== undefined) checkKeyPair(certificate, key, target.user.name);
      held = answer;
      failure = undefined;
      mayAsk = true;
      return held.credential;
    } catch (error) {
      const held = error instanceof CredentialError && error.held;
      failure = { error, until: held ? Number.POSITIVE_INFINITY : clock.now() + FAILURE_HELD_MILLISECONDS };
      throw error;
    }
  };
  const shared = (): Promise<Credential> => {
    if (failure !== undefined && clock.now() < failure.until) return Promise.reject(asError(failure.error));
    pending ??= run().finally(() => {
      pending = undefined;
    });
    return pending;
  };
  return {
    async current() {
      return held !== undefined && clock.now() < held.expiresAt ? held.credential : shared();
    },
    async refresh(used) {
      if (held !== undefined && held.credential !== used) return true;
      if (clock.now() - refreshedAt < REFUSAL_HELD_MILLISECONDS) return false;
      held = undefined;
      await shared();
      refreshedAt = clock.now();
      return true;
    },
    reread() {},
    retry() {
      failure = undefined;
      refreshedAt = Number.NEGATIVE_INFINITY;
      mayAsk = true;
    },
    close() {
      closed.abort();
    },
  };
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}

function refused(plugin: ExecPlugin): CredentialError {
  return new CredentialError(`the credential plugin ${plugin.command} was not allowed to run`, {
    hint: "Ctrl-R asks again; :ctx chooses another context",
    held: true,
  });
}

async function runPlugin(
  target: ConnectionTarget,
  plugin: ExecPlugin,
  options: ExecOptions & { readonly clock: Clock },
  withTerminal: ExecOptions["withTerminal"],
  signal: AbortSignal,
): Promise<string> {
  if (plugin.interactiveMode === "Always") {
    if (withTerminal === undefined) {
      throw new CredentialError(`the credential plugin ${plugin.command} needs a terminal, and there is none`, {
        hint: "log in with the plugin first, in a terminal",
      });
    }
    return withTerminal(() => spawnPlugin(target, plugin, options, signal, true));
  }
  try {
    return await spawnPlugin(target, plugin, options, signal, false);
  } catch (error) {
    // A plugin that may ask gets a terminal only when it did not manage without: a silent refresh must not take it.
    if (plugin.interactiveMode === "Never" || withTerminal === undefined || signal.aborted) throw error;
    if (error instanceof CredentialError && errorCode(error.cause) === "ENOENT") throw error;
    // What it says in the terminal is gone with the terminal: what it said before is what can be shown.
    const before = errorMessage(error).replace(/^.*? failed with /, "");
    try {
      return await withTerminal(() => spawnPlugin(target, plugin, options, signal, true));
    } catch (after) {
      throw new CredentialError(`${errorMessage(after)}; without the terminal: ${before}`, {
        hint: "Ctrl-R gives it the terminal again",
        cause: after,
      });
    }
  }
}

async function spawnPlugin(
  target: ConnectionTarget,
  plugin: ExecPlugin,
  { env, clock, logger, loggingIn }: ExecOptions & { readonly clock: Clock },
  signal: AbortSignal,
  interactive: boolean,
): Promise<string> {
  const info = await execInfo(target, plugin, interactive);
  const started = clock.now();
  return new Promise((resolve, reject) => {
    const fail = (reason: string, cause?: unknown): void => {
      const hint = plugin.installHint.trim() || "run the plugin in a terminal to see what it needs";
      reject(
        new CredentialError(`the credential plugin ${basename(plugin.command)} ${reason}`, {
          hint: sanitize(hint.replaceAll(/\s*\n\s*/g, " ")),
          held: plugin.interactiveMode === "Always",
          ...(cause === undefined ? {} : { cause }),
        }),
      );
    };
    let child: ChildProcess;
    try {
      child = spawn(plugin.command, plugin.args, {
        env: { ...env, ...plugin.env, KUBERNETES_EXEC_INFO: info },
        stdio: [interactive ? "inherit" : "ignore", "pipe", interactive ? "inherit" : "pipe"],
        // A session of its own has no terminal: `/dev/tty` would ask on our screen, and take what is typed here.
        detached: !interactive,
      });
    } catch (error) {
      fail(`cannot run: ${errorMessage(error)}`, error);
      return;
    }
    let output = "";
    let complaint = "";
    // Its children may hold the pipes open for ever: after its end nobody waits long for more.
    const release = (): void => {
      child.stdout?.destroy();
      child.stderr?.destroy();
    };
    let cancelKill: Cancel | undefined;
    let timedOut = false;
    const end = (name: NodeJS.Signals): void => {
      if (interactive || child.pid === undefined) child.kill(name);
      else killGroup(child.pid, name);
    };
    const stop = (): void => {
      end("SIGTERM");
      cancelKill ??= clock.after(PLUGIN_END_MILLISECONDS, () => end("SIGKILL"), { background: true });
    };
    const onTimeout = (): void => {
      timedOut = true;
      stop();
    };
    let cancel = clock.after(PLUGIN_TIMEOUT_MILLISECONDS, onTimeout, { background: true });
    signal.addEventListener("abort", stop, { once: true });
    child.on("exit", () => {
      cancel();
      cancel = clock.after(PLUGIN_END_MILLISECONDS, release, { background: true });
    });
    child.stdout?.setEncoding("utf8").on("data", (text: string) => {
      if (output.length < MAX_OUTPUT_BYTES) output += text;
    });
    const tell = (): void => {
      const said = sanitize(complaint.trim().split("\n").at(-1) ?? "");
      loggingIn?.({ command: basename(plugin.command), since: started, said });
    };
    tell();
    child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      complaint = (complaint + text).slice(-4096);
      tell();
    });
    const settle = (): void => {
      loggingIn?.(undefined);
      cancel();
      cancelKill?.();
      signal.removeEventListener("abort", stop);
    };
    child.on("error", (error) => {
      settle();
      fail(errorCode(error) === "ENOENT" ? "is not installed" : `cannot run: ${errorMessage(error)}`, error);
    });
    child.on("close", (code, killedBy) => {
      settle();
      logger.info("credential plugin ended", { command: plugin.command, code, ms: clock.now() - started });
      const said = sanitize(complaint.trim().split("\n").slice(-3).join(" "));
      if (code === 0) resolve(output);
      else if (timedOut) fail(`did not end within ${PLUGIN_TIMEOUT_MILLISECONDS / 1000} s`);
      else if (killedBy !== null) fail(`was ended by ${killedBy}${said === "" ? "" : `: ${said}`}`);
      else fail(`failed with exit code ${code}${said === "" ? "" : `: ${said}`}`);
    });
  });
}

/** Ends a plugin and what it has started. */
function killGroup(leader: number, name: NodeJS.Signals): void {
  try {
    process.kill(-leader, name);
  } catch {
    // It has ended by itself.
  }
}

async function execInfo(target: ConnectionTarget, plugin: ExecPlugin, interactive: boolean): Promise<string> {
  const { cluster } = target;
  const authority = plugin.provideClusterInfo
    ? await readPem(cluster.certificateAuthority, "certificate authority")
    : undefined;
  const info = {
    kind: "ExecCredential",
    apiVersion: plugin.apiVersion,
    spec: {
      interactive,
      ...(plugin.provideClusterInfo
        ? {
            cluster: {
              server: cluster.server,
              "tls-server-name": cluster.tlsServerName,
              "insecure-skip-tls-verify": cluster.insecureSkipTlsVerify || undefined,
              "certificate-authority-data":
                authority === undefined ? undefined : Buffer.from(authority).toString("base64"),
              "proxy-url": cluster.proxyUrl,
              config: cluster.execConfig,
            },
          }
        : {}),
    },
  };
  return JSON.stringify(info);
}

function parseCredential(
  output: string,
  plugin: ExecPlugin,
): { readonly credential: Credential; readonly expiresAt: number } {
  const fail = (reason: string): CredentialError =>
    new CredentialError(`the credential plugin ${plugin.command} answered ${reason}`, {
      hint: "update the plugin, or the kubeconfig that names it",
      held: plugin.interactiveMode === "Always",
    });
  let value: unknown;
  try {
    value = JSON.parse(output);
  } catch {
    throw fail("something that is not JSON");
  }
  const apiVersion = asString(at(value, "apiVersion"));
  if (at(value, "kind") !== "ExecCredential") throw fail("something that is not an ExecCredential");
  if (apiVersion !== plugin.apiVersion) throw fail(`in ${apiVersion}, and ${plugin.apiVersion} was asked for`);
  const status = at(value, "status");
  if (!isRecord(status)) throw fail("without a status");
  const token = asString(status["token"]);
  const certificate = asString(status["clientCertificateData"]);
  const key = asString(status["clientKeyData"]);
  if (token === "" && (certificate === "" || key === "")) throw fail("with neither a token nor a certificate and key");
  const expires = Date.parse(asString(status["expirationTimestamp"]));
  return {
    credential: {
      headers: token === "" ? {} : { authorization: `Bearer ${token}` },
      ...(certificate === "" || key === "" ? {} : { certificate, key }),
    },
    expiresAt: Number.isNaN(expires) ? Number.POSITIVE_INFINITY : expires,
  };
}
