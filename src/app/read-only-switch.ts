import type { AppDoors } from "../hotkeys/action.ts";
import type { Session } from "./session.ts";

/**
 * `:readonly on|off`. On is done at once; off is asked about, and refused where the settings or a flag keep the context
 * read-only. Without a word it says how things stand.
 */
export async function switchReadOnly(
  session: Session,
  app: Pick<AppDoors, "confirm" | "flash">,
  word: string,
): Promise<void> {
  const cluster = session.cluster.get();
  const name = cluster?.context.name ?? "";
  const isOn = cluster?.writes.readOnly.get() === true;
  if (word !== "" && word !== "on" && word !== "off") {
    app.flash("error", `readonly ${word}: it is on or off`);
    return;
  }
  if (cluster === undefined || word === "" || (word === "on") === isOn) {
    app.flash(
      "info",
      cluster === undefined ? "no cluster is open" : `${name} is ${isOn ? "read-only" : "open to writes"}`,
    );
    return;
  }
  const why = word === "off" ? session.whyReadOnly() : undefined;
  if (why !== undefined) {
    app.flash("warning", `${name} stays read-only: ${why}`);
    return;
  }
  if (word === "off") {
    const answer = await app.confirm({
      title: `Allow writes in ${name}?`,
      lines: ["It was made read-only in this session. From now on keys can change the cluster again."],
      confirmLabel: "Allow writes",
      danger: true,
    });
    if (answer === undefined || session.cluster.get() !== cluster) return;
  }
  session.setReadOnly(word === "on");
  app.flash("info", `${name} is ${word === "on" ? "read-only" : "open to writes"}`);
}
