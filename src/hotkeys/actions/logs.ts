import type { Action } from "../action.ts";

const logCommand = (
  id: string,
  title: string,
  keys: readonly string[],
  group: Action["group"],
  options: { readonly inHintBar?: boolean; readonly command?: string; readonly argument?: string } = {},
): Action => ({
  id,
  title,
  keys,
  scope: "logs",
  group,
  ...(options.inHintBar === undefined ? {} : { inHintBar: options.inHintBar }),
  run: ({ view }) => view.command(options.command ?? id, options.argument),
});

const window = (key: string, name: string, title: string): Action =>
  logCommand(`logs.window-${name}`, title, [key], "view", { command: "logs.window", argument: name });

export const logActions: readonly Action[] = [
  logCommand("logs.autoscroll", "Autoscroll", ["s"], "view", { inHintBar: true, command: "text.follow" }),
  logCommand("logs.timestamps", "Timestamps", ["t"], "view", { inHintBar: true }),
  logCommand("logs.previous", "Previous instance", ["p"], "view", { inHintBar: true }),
  logCommand("logs.filter", "Filter", ["&"], "view", { inHintBar: true }),
  logCommand("logs.record", "Expand a record", ["enter"], "view", { inHintBar: true }),
  logCommand("logs.cursor", "Line cursor", ["v"], "navigate"),
  logCommand("logs.select", "Select lines", ["space"], "navigate"),
  logCommand("logs.extend-up", "Select upwards", ["shift-up"], "navigate", { command: "logs.extend", argument: "up" }),
  logCommand("logs.extend-down", "Select downwards", ["shift-down"], "navigate", {
    command: "logs.extend",
    argument: "down",
  }),
  logCommand("logs.columns", "Fields as columns", ["o"], "view"),
  logCommand("logs.raw", "Raw lines", ["r"], "view"),
  logCommand("logs.marker", "Marker", ["m"], "act"),
  logCommand("logs.clear", "Clear", ["shift-c"], "act"),
  window("0", "tail", "Tail"),
  window("1", "head", "From the beginning"),
  window("2", "1m", "Last minute"),
  window("3", "5m", "Last 5 minutes"),
  window("4", "15m", "Last 15 minutes"),
  window("5", "30m", "Last 30 minutes"),
  window("6", "1h", "Last hour"),
];
