import { KelpieError } from "../../lib/errors.ts";
import { createValue } from "../../lib/subscribable.ts";
import { Task } from "../../lib/task.ts";
import { sanitize } from "../../lib/text.ts";
import { PagerModel } from "../../ui/pager-model.ts";
import { TextView } from "../text-view.tsx";
import { NOTHING_SELECTED, type Freshness, type View, type ViewDefinition, type ViewHost } from "../view.ts";

/**
 * The output of work that takes a while. It stays until the work has ended: Esc does not leave it behind by accident,
 * `:` goes elsewhere and `[` comes back. Giving the place up cancels the work.
 */
function createTaskView(host: ViewHost, task: Task): View {
  const pager = new PagerModel({ wrap: true, follow: true });
  const freshness = createValue<Freshness>({ state: "static" });
  const running = (): boolean => task.state.get().state === "running";
  const view = new TextView(host, {
    id: "task",
    scopes: ["task", "text"],
    what: task.title,
    where: host.cluster.context.name,
    pager,
    freshness,
    fileName: `${task.title.replaceAll(/[^\w.-]+/g, "-")}.log`,
    notes: () => [task.state.get().state],
    selection: () => NOTHING_SELECTED,
    disabledReason: (name) => (name === "task.cancel" && !running() ? "it has ended" : undefined),
    command: (name) => {
      if (name !== "task.cancel") return false;
      task.cancel();
      return true;
    },
    escape: () => {
      if (!running()) return false;
      host.app.flash("info", `${task.title} is running: Ctrl-D cancels it, : goes elsewhere and [ comes back`);
      return true;
    },
    show: (shown) => {
      refresh();
      task.watched.set(true);
      shown.add(() => task.watched.set(false));
    },
    dispose: () => {
      end();
      task.cancel();
    },
  });
  const end = task.state.subscribe(refresh);
  refresh();
  return view;

  function refresh(): void {
    const { lines } = task.state.get();
    pager.setLines(
      lines.map(({ text, tone }) => {
        const safe = sanitize(text);
        return tone === undefined ? { text: safe } : { text: safe, spans: [{ start: 0, end: safe.length, tone }] };
      }),
    );
  }
}

export const taskView: ViewDefinition = {
  id: "task",
  create(host, parameters): View {
    const { task } = parameters;
    if (!(task instanceof Task)) throw new KelpieError("this view needs running work and was opened without any");
    return createTaskView(host, task);
  },
};
