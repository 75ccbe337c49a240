import type { Action } from "../action.ts";

const move = (id: string, title: string, keys: readonly string[]): Action => ({
  id,
  title,
  keys,
  scope: "global",
  group: "navigate",
  run: ({ view }) => view.command(id),
});

export const moveActions: readonly Action[] = [
  move("move.up", "Up", ["up", "k"]),
  move("move.down", "Down", ["down", "j"]),
  move("move.left", "Scroll left", ["left"]),
  move("move.right", "Scroll right", ["right"]),
  move("move.page-up", "Page up", ["page-up", "ctrl-b"]),
  move("move.page-down", "Page down", ["page-down", "ctrl-f"]),
  move("move.top", "To the top", ["g", "home"]),
  move("move.bottom", "To the end", ["shift-g", "end"]),
];
