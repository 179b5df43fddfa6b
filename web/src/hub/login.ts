// The form of a page that stands in a frame of another site.

import { html, nothing } from "lit-html";

/** Asks for a token, and hands over what was typed. */
export const form = (message: string, enter: (token: string) => void) => html`<form class="panel login" @submit=${(event: SubmitEvent) => {
    event.preventDefault();
    const field = (event.currentTarget as HTMLFormElement).elements.namedItem("token") as HTMLInputElement;
    enter(field.value.trim());
    field.value = "";
  }}>
  <h2>Log in</h2>
  ${message === "" ? nothing : html`<p class="banner bad" role="alert">${message}</p>`}
  <label for="token">A viewer's token</label>
  <input id="token" name="token" type="password" autocomplete="off" spellcheck="false" required>
  <button class="button">Log in</button>
  <p class="sub">This page stands inside another site, where the browser keeps our cookie from it. The token stays in the memory of this page until you close or reload it.</p>
</form>`;
