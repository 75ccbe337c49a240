import type { Cluster } from "../../cluster/cluster.ts";
import { NOT_FOUND } from "../../cluster/copy/run-in-container.ts";
import type { Operations, TargetObject } from "../../hotkeys/action.ts";
import { errorMessage, KelpieError } from "../../lib/errors.ts";
import type { AppServices } from "../context.ts";
import { chooseContainer } from "./choose-container.ts";
import { approve } from "./on-each.ts";
import { openRemoteSession } from "./open-remote-session.ts";
import type { SessionEnd } from "./remote-session.ts";

/** bash where there is one, else sh. */
export const SHELL_COMMAND = ["sh", "-c", "command -v bash >/dev/null && exec bash || exec sh"] as const;

/** A shell in a container; the whole terminal is handed over to it. */
export function createShell(services: AppServices): Operations["shell"] {
  return async (target, wanted) => {
    const { app, suspend, clock } = services;
    const cluster = services.cluster();
    if (cluster === undefined) return;
    if (cluster.writes.readOnly.get()) {
      app.flash("warning", "read-only: a shell could change anything, so none is opened");
      return;
    }
    const container = await chooseContainer(services, target, wanted, `Shell in which container of ${target.name}?`);
    if (container === undefined) return;
    const release = await approve(services, [target], { asked: false, what: "Open a shell in" });
    if (release === undefined) return;
    const where = `${target.name}/${container.name}`;
    try {
      const begin = (): ReturnType<Cluster["exec"]> =>
        cluster.writes.act("shell in", target, () => openShell(cluster, target, container.name));
      const end = await suspend((terminal) =>
        openRemoteSession(terminal, begin, {
          tty: true,
          stdin: true,
          clock,
          opening: `opening a shell in ${where}`,
          opened: "exit returns, Ctrl-] three times breaks off",
        }),
      ).finally(release);
      if (end.by === "impatience") app.flash("info", `no shell in ${where} was waited for`);
      else reportShell(services, where, end);
    } catch (error) {
      const message = errorMessage(error);
      if (NOT_FOUND.test(message)) app.flash("error", noShell(where));
      else app.flash("error", `the shell in ${where} failed: ${message}${hintOf(error)}`);
    }
  };
}

function openShell(cluster: Cluster, target: TargetObject, container: string): ReturnType<Cluster["exec"]> {
  const { namespace, name } = target;
  return cluster.exec({ namespace, pod: name, container, command: SHELL_COMMAND, tty: true, stdin: true });
}

function reportShell({ app }: AppServices, where: string, end: SessionEnd): void {
  if (end.by === "user") app.flash("warning", `the shell in ${where} was broken off; it may still run`);
  else if (end.code === 126 || end.code === 127) app.flash("error", `${noShell(where)} (exit code ${end.code})`);
  else app.flash(end.code === 0 ? "info" : "warning", `the shell in ${where} ended with exit code ${end.code}`);
}

function noShell(where: string): string {
  return `${where} has no shell: its image holds neither bash nor sh`;
}

/** The hint of one of our errors, as the end of a message. */
export function hintOf(error: unknown): string {
  return error instanceof KelpieError && error.hint !== undefined ? `. ${error.hint}` : "";
}
