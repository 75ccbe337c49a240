import { errorMessage } from "../../lib/errors.ts";
import type { AppServices } from "../context.ts";
import { createEditFile, editorCommand, keepEdit, removeKept, runEditor, type EditFile } from "./edit-file.ts";
import { withNotes, withoutNotes } from "./edit-text.ts";

/** A text that goes to the user's editor, perhaps more than once. Work in it is never lost: what is given up is kept. */
export class EditedText {
  readonly #services: AppServices;
  readonly #file: EditFile;
  readonly #name: string;
  readonly #editor: string;
  readonly #first: string;
  readonly #secret: boolean;
  /** The newest text that is not empty. */
  #last: string;
  /** The file in the temporary directory holds what could be kept nowhere else. */
  #stays = false;

  private constructor(services: AppServices, file: EditFile, name: string, first: string, secret: boolean) {
    this.#services = services;
    this.#file = file;
    this.#name = name;
    this.#editor = editorCommand(services.env);
    this.#first = first;
    this.#secret = secret;
    this.#last = first;
  }

  /**
   * @param name what the work is kept under
   * @param secret the text holds values in clear: its user is told so, and what is kept goes when it has served
   */
  static async create(
    services: AppServices,
    fileName: string,
    name: string,
    first: string,
    secret = false,
  ): Promise<EditedText> {
    return new EditedText(services, await createEditFile(fileName), name, first, secret);
  }

  /**
   * Opens the editor on a text with notes on top.
   * @returns what was left in the file, without the notes; empty where nothing was; `undefined` where the editor failed
   * and the work is kept
   * @throws KelpieError where the editor failed and there is no work in the text
   */
  async open(text: string, notes: readonly string[]): Promise<string | undefined> {
    if (text.trim() !== "") this.#last = text;
    await this.#file.write(withNotes(text, notes));
    let failure: unknown;
    try {
      await this.#services.suspend(() => runEditor(this.#editor, this.#file.path, this.#services.env));
    } catch (error) {
      failure = error;
    }
    // An editor, or its user, may have taken the file away.
    const left = await this.#file.read().then(withoutNotes, () => "");
    if (left.trim() !== "") this.#last = left;
    if (failure === undefined) return left;
    if (this.#last === this.#first) throw failure;
    await this.giveUp(errorMessage(failure));
    return undefined;
  }

  /** Says why it ends, and where the work is where there is some. */
  async giveUp(why: string, text?: string): Promise<void> {
    if (text !== undefined && text.trim() !== "") this.#last = text;
    const { app, env, paths } = this.#services;
    if (this.#last === this.#first) {
      app.flash("info", why);
      return;
    }
    const path = await keepEdit(paths.state, this.#name, this.#last).catch(async () => {
      this.#stays = true;
      await this.#file.write(this.#last).catch(() => undefined);
      return this.#file.path;
    });
    const home = env["HOME"] ?? "";
    const short = home !== "" && path.startsWith(`${home}/`) ? `~${path.slice(home.length)}` : path;
    // The place first: a long reason may not fit.
    const warning = this.#secret ? "its values in clear until it is removed or an edit succeeds; " : "";
    app.flash("warning", `your text is in ${short}: ${warning}${why}`);
  }

  /** The edit is made: refused texts of it that hold values in clear are of no more use. @returns what to say of them */
  async accepted(): Promise<string> {
    if (!this.#secret) return "";
    const { paths, logger } = this.#services;
    try {
      return (await removeKept(paths.state, this.#name)) === 0 ? "" : "; the refused text kept before is removed";
    } catch (error) {
      logger.warn("kept edits not removed", { error });
      return "";
    }
  }

  async dispose(): Promise<void> {
    if (this.#stays) return;
    // A file that cannot be removed lies in the temporary directory, readable by its owner alone.
    await this.#file.remove().catch(() => undefined);
  }
}
