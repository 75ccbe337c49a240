import type { Palette, StyleName } from "../../config/theme.ts";
import { sanitize, textWidth, truncate } from "../../lib/text.ts";
import type { Freshness, ViewTitle } from "../../views/view.ts";

/** The rule above the content: what is shown and where, how many, the filter; at the right whether it is true now. */
export function titleLine(title: ViewTitle, freshness: Freshness, columns: number, palette: Palette): string {
  const state = freshnessWord(freshness);
  const notes = (title.notes ?? []).map(sanitize);
  const right = [
    ...notes.map((text) => ({ text, style: "dim" as StyleName })),
    ...(state === undefined ? [] : [state]),
  ];
  const left: Array<{ readonly text: string; readonly style: StyleName }> = [
    { text: sanitize(title.what), style: "title" },
  ];
  if (title.where !== undefined && title.where !== "")
    left.push({ text: `(${sanitize(title.where)})`, style: "value" });
  if (title.count !== undefined) left.push({ text: `[${title.count}]`, style: "dim" });
  if (title.fault !== undefined) left.push({ text: ` ${sanitize(title.fault)}`, style: "danger" });
  else if (title.filter !== undefined) left.push({ text: ` ${sanitize(title.filter)}`, style: "accent" });
  const leftWidth = left.reduce((sum, part) => sum + textWidth(part.text), 0);
  const most = Math.max(16, columns - Math.min(leftWidth, Math.floor(columns / 2)) - 11);
  const widthOf = (parts: typeof right): number => parts.reduce((sum, part) => sum + textWidth(part.text) + 3, 0);
  // Notes go before anything of the left side is cut; whether the list is true stays.
  while (right.length > 1 && leftWidth + widthOf(right) + 6 > columns) right.shift();
  const cappedState = right.map(({ text, style }) => ({ text: capState(text, most), style }));
  const rightWidth = widthOf(cappedState);
  let room = columns - 4 - rightWidth - 3;
  let painted = "";
  let used = 0;
  for (const { text, style } of left) {
    const shown = truncate(text, room);
    painted += palette.paint(shown, style);
    used += textWidth(shown);
    room -= textWidth(shown);
  }
  const rule = "─".repeat(Math.max(1, columns - used - rightWidth - 4));
  const tail = cappedState
    .map(({ text, style }) => ` ${palette.paint(text, style)} ${palette.paint("─", "border")}`)
    .join("");
  return `${palette.paint("──", "border")} ${painted} ${palette.paint(rule, "border")}${tail}`;
}

function freshnessWord(freshness: Freshness): { readonly text: string; readonly style: StyleName } | undefined {
  switch (freshness.state) {
    case "live":
      if (freshness.without !== undefined)
        return { text: `live, without ${sanitize(freshness.without)}`, style: "warning" };
      return freshness.mode === "poll" ? { text: "live, polled", style: "warning" } : { text: "live", style: "ok" };
    case "loading":
      return { text: freshness.loaded > 0 ? `loading ${freshness.loaded}` : "loading", style: "progress" };
    case "stale":
      return { text: `stale since ${timeOfDay(freshness.since)}: ${sanitize(freshness.reason)}`, style: "warning" };
    case "denied":
      return { text: "not allowed", style: "error" };
    case "static":
      return undefined;
  }
}

/** Of a list that is stale the time stays, however narrow the screen is. */
function capState(text: string, room: number): string {
  const [since = "", time = ""] = /^stale since (\d\d:\d\d:\d\d)/.exec(text) ?? [];
  return since !== "" && room < since.length ? `stale ${time}` : truncate(text, room);
}

function timeOfDay(milliseconds: number): string {
  const time = new Date(milliseconds);
  return [time.getHours(), time.getMinutes(), time.getSeconds()].map((part) => String(part).padStart(2, "0")).join(":");
}
