import { createValue } from "../../lib/subscribable.ts";
import { PagerModel } from "../../ui/pager-model.ts";
import { TextView } from "../text-view.tsx";
import { NOTHING_SELECTED, type View, type ViewDefinition } from "../view.ts";

/** The keys of the view that was in front, and the language of the prompts. */
export const helpView: ViewDefinition = {
  id: "help",
  create(host): View {
    const pager = new PagerModel();
    pager.setLines(host.session.helpLines());
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
    });
  },
};
