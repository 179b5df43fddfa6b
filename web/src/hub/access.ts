// How the page proves that it may look. On the hub's own origin a cookie does,
// which /login sets. In a frame of another site the browser withholds that cookie:
// there the page asks for the token itself, and has it in memory only.

import { render } from "lit-html";
import { form } from "./login.js";

export class Access {
  #token = "";
  #message = "";
  #framed: boolean;
  #box: HTMLElement;
  #retry: () => void = () => {};

  /** Whether a token is asked for and not here. */
  wanting = false;

  /** box holds the form while a token is wanted. */
  constructor(box: HTMLElement, framed = window.self !== window.top) {
    this.#box = box;
    this.#framed = framed;
  }

  /** retry is called when there is a token to try. */
  start(retry: () => void) {
    this.#retry = retry;
  }

  /** What a request says of the token. It never stands in an address. */
  headers(): Record<string, string> {
    return this.#token === "" ? {} : { "X-Quasar-Token": this.#token };
  }

  /** The same for a WebSocket. */
  protocols(): string[] {
    return this.#token === "" ? [] : ["quasar.v1", `bearer.${this.#token}`];
  }

  /** The hub answered with 401 or 403. */
  refused(status: number) {
    if (!this.#framed) {
      location.replace("/login");
      return;
    }
    if (this.#token !== "") {
      this.#message = status === 403 ? "This token may not look; that takes a viewer's." : "This is no valid token of this hub.";
    }
    this.#token = "";
    this.wanting = true;
    this.#show();
  }

  /** The hub let the page in. */
  worked() {
    if (!this.wanting) return;
    this.wanting = false;
    this.#message = "";
    this.#show();
  }

  #show() {
    const { wanting } = this;
    render(wanting ? form(this.#message, (token) => this.#try(token)) : null, this.#box);
  }

  #try(token: string) {
    if (!/^[\x21-\x7e]+$/.test(token)) {
      this.#message = "This is no token: got spaces or signs that none has.";
      this.#show();
      return;
    }
    this.#token = token;
    this.#retry();
  }
}
