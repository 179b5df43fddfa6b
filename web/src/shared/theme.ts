// Light or dark, before the first paint: a classic script, so that no page
// flashes. Without a choice of the reader's it is what the system says.
"use strict";
(() => {
  const key = "quasar-theme";
  const root = document.documentElement;

  const stored = () => {
    try { return localStorage.getItem(key); } catch { return null; } // a page in a frame may have none
  };
  const store = (theme: string) => {
    try { localStorage.setItem(key, theme); } catch { /* then it holds for this visit */ }
  };
  const dark = () => (root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches);

  const chosen = stored();
  if (chosen === "light" || chosen === "dark") root.dataset.theme = chosen;

  document.addEventListener("DOMContentLoaded", () => {
    document.getElementById("theme")?.addEventListener("click", () => {
      root.dataset.theme = dark() ? "light" : "dark";
      store(root.dataset.theme);
    });
  });
})();
