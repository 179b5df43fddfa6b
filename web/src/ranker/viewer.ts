// Who may look, where the ranker wants a token for that. The token is traded for a
// cookie that no script can read; in a frame of another site, where a browser keeps no
// such cookie, it stays in the memory of this page and is gone with it.

import { html, nothing, type Piece } from "./show.js";

export class Viewer {
  /** Whether a token is asked for and not here. */
  wanting = false;
  /** Whether somebody showed one, so that there is something to log out of. */
  known = false;
  #token = "";
  #message = "";
  #busy = false;
  readonly #changed: () => void;
  readonly #again: () => void;

  /** again is called when there is a token to try. */
  constructor(changed: () => void, again: () => void) {
    this.#changed = changed;
    this.#again = again;
  }

  /** What a request says of the token. It never stands in an address. */
  get headers(): Record<string, string> {
    return this.#token === "" ? {} : { "X-Quasar-Token": this.#token };
  }

  /** The same for a WebSocket, which takes no headers. */
  get protocols(): string[] {
    return this.#token === "" ? [] : ["quasar.v1", `bearer.${this.#token}`];
  }

  /** Finds out whether the browser has a session already. */
  async look(): Promise<void> {
    try {
      const answer = await fetch("/view/session", { headers: this.headers, cache: "no-store" });
      const { guarded, view } = (await answer.json()) as { guarded: boolean; view: boolean };
      this.known = guarded && view;
    } catch { /* nobody is there: nobody looks */ }
    this.#changed();
  }

  async logout(): Promise<void> {
    await fetch("/view/logout", { method: "POST", cache: "no-store" }).catch(() => undefined);
    this.#token = "";
    this.#message = "";
    this.known = false;
  }

  /** The ranker answered with 401. */
  refused(): void {
    if (this.known) this.#message = "This token is valid no more.";
    this.#token = "";
    this.known = false;
    this.wanting = true;
    this.#changed();
  }

  async #login(token: string): Promise<void> {
    if (this.#busy) return;
    this.#busy = true;
    this.#message = await this.#try(token);
    this.#busy = false;
    if (this.#message === "") {
      this.wanting = false;
      this.#again();
    }
    this.#changed();
  }

  /** Says what is wrong, "" for nothing. */
  async #try(token: string): Promise<string> {
    if (!/^[\x21-\x7e]+$/.test(token)) return "This is no token: got spaces or signs that none has.";
    try {
      const answer = await fetch("/view/login", { method: "POST", body: JSON.stringify({ token }), cache: "no-store", signal: AbortSignal.timeout(15_000) });
      if (answer.status === 401) return "This is no valid viewer's token of this ranker.";
      if (!answer.ok) return `The ranker answered with status ${answer.status}.`;
      await this.look();
      if (!this.known) this.#token = token; // the cookie was not kept
      this.known = true;
      return "";
    } catch {
      return "The ranker did not answer.";
    }
  }

  form(): Piece {
    return html`<form class="panel login" id="view-login" @submit=${(event: SubmitEvent) => {
      event.preventDefault();
      const field = (event.currentTarget as HTMLFormElement).elements.namedItem("token") as HTMLInputElement;
      const token = field.value.trim();
      field.value = "";
      void this.#login(token);
    }}>
      <h2>Log in to look</h2>
      ${this.#message === "" ? nothing : html`<p class="banner bad" role="alert">${this.#message}</p>`}
      <label for="view-token">A viewer's token</label>
      <input id="view-token" name="token" type="password" autocomplete="current-password" spellcheck="false" autocapitalize="off" required>
      <button class="button">Log in</button>
      <p class="sub">Whoever runs this ranker makes one with <code>quasar token new --role viewer</code>; the admin token will do as well. A cookie that no script can read remembers you for 12 hours; inside another site's frame the token stays in the memory of this page.</p>
    </form>`;
  }
}
