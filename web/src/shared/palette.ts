// The colours of the theme, for what is not drawn by styles.

/** The value of a custom property of the page: a colour. */
export const colour = (name: string) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

/** Calls changed() after the theme was switched, by the reader or by the system. */
export function whenThemeChanges(changed: () => void) {
  new MutationObserver(changed).observe(document.documentElement, { attributeFilter: ["data-theme"] });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", changed);
}
