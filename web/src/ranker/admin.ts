// Who may command: the session, and the dialogs that ask a person for something.

import { html, nothing, type Piece } from "./show.js";
import type { Account } from "./types.js";

/** What became of a command: null where it was done, else why not. */
export type Answer = string | null;

/**
 * Session is this page's right to command. The token is traded for a cookie that no
 * script can read; in a foreign frame, where a browser keeps no such cookie, it stays
 * in the memory of this page and is gone with it.
 */
export class Session {
  admin = false;
  #token: string | null = null;

  /** Finds out whether the browser has a session already. */
  async look(): Promise<void> {
    try {
      const answer = await fetch("/trade/session", { cache: "no-store" });
      if (answer.ok) this.admin = ((await answer.json()) as { admin: boolean }).admin;
    } catch { /* nobody is there: nobody commands */ }
  }

  async login(token: string): Promise<Answer> {
    const failed = await this.#post("/trade/login", { token });
    if (failed !== null) return failed;
    await this.look();
    if (!this.admin) { // the cookie was not kept
      this.#token = token.trim();
      this.admin = true;
    }
    return null;
  }

  async logout(): Promise<void> {
    this.#token = null;
    this.admin = false;
    await this.#post("/trade/logout");
  }

  /** Tells the ranker to do something. */
  async command(what: "halt" | "resume" | "flatten", note: string): Promise<Answer> {
    return this.#post(`/trade/${what}`, note === "" ? undefined : { note });
  }

  /** Makes limits tighter, as POST /trade/limits takes them. */
  async tighten(limits: object): Promise<Answer> {
    return this.#post("/trade/limits", { limits, note: "typed on the page" });
  }

  async #post(path: string, body?: object): Promise<Answer> {
    const headers: Record<string, string> = this.#token === null ? {} : { "X-Quasar-Token": this.#token };
    try {
      const answer = await fetch(path, { method: "POST", headers, body: body === undefined ? null : JSON.stringify(body), cache: "no-store", signal: AbortSignal.timeout(15_000) });
      if (answer.ok) return null;
      if (answer.status === 401) {
        this.admin = false;
        this.#token = null;
      }
      const { detail } = (await answer.json()) as { detail?: string };
      return detail ?? `got status ${answer.status}`;
    } catch {
      return "the ranker did not answer";
    }
  }
}

/** Does what a dialog is for, with what was typed, by the names of its fields. */
type Act = (typed: (name: string) => string) => Promise<Answer>;

/** Dialog is a <dialog> that asks for one line, or for some fields, and does something with it. */
export class Dialog {
  #open = false;
  #error = "";
  #busy = false;
  readonly #changed: () => void;
  readonly #id: string;
  readonly #given: () => void;

  /** given is called when the dialog is closed with nothing done. */
  constructor(id: string, changed: () => void, given: () => void = () => undefined) {
    this.#id = id;
    this.#changed = changed;
    this.#given = given;
  }

  open(): void {
    this.#open = true;
    this.#error = "";
    this.#changed();
  }

  get isOpen(): boolean { return this.#open; }

  /** Shows or hides the element, after a paint. */
  settle(): void {
    const dialog = document.getElementById(this.#id);
    if (!(dialog instanceof HTMLDialogElement) || dialog.open === this.#open) return;
    if (this.#open) dialog.showModal();
    else dialog.close();
  }

  #close = (): void => {
    if (!this.#open) return; // it was closed by what was done
    this.#end();
    this.#given();
    this.#changed();
  };

  /** Closes it, and keeps nothing of what was typed: it may be a token. */
  #end(): void {
    this.#open = false;
    document.querySelector<HTMLFormElement>(`#${this.#id} form`)?.reset();
  }

  async #submit(event: Event, act: Act): Promise<void> {
    event.preventDefault();
    const typed = new FormData(event.target as HTMLFormElement);
    if (this.#busy) return;
    this.#busy = true;
    const failed = await act((name) => String(typed.get(name) ?? ""));
    this.#busy = false;
    this.#error = failed ?? "";
    if (failed === null) this.#end();
    this.#changed();
  }

  show({ title, text, button, ask, act }: { title: string; text: Piece; button: string; ask: Piece; act: Act }): Piece {
    return html`<dialog id=${this.#id} aria-labelledby="${this.#id}-title" @close=${this.#close}>
      <form @submit=${(event: Event) => this.#submit(event, act)}>
        <h2 id="${this.#id}-title">${title}</h2><p>${text}</p>
        ${ask}
        <p class="error" role="alert">${this.#error === "" ? nothing : this.#error}</p>
        <div class="buttons"><button type="button" class="button" @click=${this.#close}>Cancel</button><button type="submit" class="button primary">${button}</button></div>
      </form></dialog>`;
  }
}

/** One field, called "line", of the dialog with that id. */
export const line = (id: string, label: string, type: "password" | "text" = "text"): Piece => html`
  ${type === "password" ? html`<input type="text" autocomplete="username" value="admin" hidden>` : nothing}
  <label for="${id}-line">${label}</label><input id="${id}-line" name="line" type=${type} autocomplete=${type === "password" ? "current-password" : "off"} spellcheck="false" autocapitalize="off" required>`;

/** What a person has to type to resume or to flatten: with real money the account's own name. */
export const confirmation = (account: Account, word: "RESUME" | "FLATTEN"): string => (account.mode === "live" ? account.id : word);
