import { createValue } from "../../lib/subscribable.ts";
import { PagerModel } from "../../ui/pager-model.ts";
import { TextView } from "../text-view.tsx";
import { NOTHING_SELECTED, type View, type ViewDefinition } from "../view.ts";
import { layOutHelp } from "./layout.ts";

/** The width of what is copied and saved: every line has an entry of its own. */
const PLAIN = 100;

/** The keys of the view that was in front, and the language of the prompts. */
export const helpView: ViewDefinition = {
  id: "help",
  create(host): View {
    const groups = host.session.helpGroups();
    const pager = new PagerModel();
    return new TextView(host, {
      id: "help",
      scopes: ["help", "text"],
      what: "help",
      where: "",
      pager,
      freshness: createValue({ state: "static" as const }),
      fileName: "kelpie-help.txt",
      notes: () => [],
      selection: () => NOTHING_SELECTED,
      resized: (columns) => pager.setLines(layOutHelp(groups, columns)),
      wholeText: () =>
        layOutHelp(groups, PLAIN)
          .map(({ text }) => `${text}\n`)
          .join(""),
    });
  },
};
