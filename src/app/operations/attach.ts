import type { Cluster } from "../../cluster/cluster.ts";
import type { Operations } from "../../hotkeys/action.ts";
import { errorMessage } from "../../lib/errors.ts";
import type { AppServices } from "../context.ts";
import { chooseContainer } from "./choose-container.ts";
import { approve } from "./on-each.ts";
import { openRemoteSession } from "./open-remote-session.ts";
import { hintOf } from "./shell.ts";

/** Joins the terminal to the main process of a container. */
export function createAttach(services: AppServices): Operations["attach"] {
  return async (target, wanted) => {
    const { app, suspend, clock } = services;
    const cluster = services.cluster();
    if (cluster === undefined) return;
    if (cluster.writes.readOnly.get()) {
      app.flash("warning", "read-only: what is typed into a process could change anything, so kelpie does not attach");
      return;
    }
    const container = await chooseContainer(services, target, wanted, `Attach to which container of ${target.name}?`);
    if (container === undefined) return;
    const { tty, stdin, name } = container;
    const release = await approve(services, [target], { asked: false, what: "Attach to" });
    if (release === undefined) return;
    const where = `${target.name}/${name}`;
    const request = { namespace: target.namespace, pod: target.name, container: name, tty, stdin };
    try {
      const begin = (): ReturnType<Cluster["attach"]> =>
        cluster.writes.act("attach to", target, () => cluster.attach(request));
      const leave = tty ? "Ctrl-] three times leaves" : "Ctrl-C leaves";
      const end = await suspend((terminal) =>
        openRemoteSession(terminal, begin, {
          tty,
          stdin,
          clock,
          opening: `attaching to ${where}`,
          opened: stdin ? leave : `it takes no input; ${leave}`,
        }),
      ).finally(release);
      if (end.by === "impatience") app.flash("info", `${where} was not waited for`);
      else if (end.by === "user") app.flash("info", `detached from ${where}`);
      else app.flash(end.code === 0 ? "info" : "warning", `${where} ended with exit code ${end.code}`);
    } catch (error) {
      app.flash("error", `${where} was not attached to: ${errorMessage(error)}${hintOf(error)}`);
    }
  };
}
