// The few things that the pages do to the document beside their templates. Text is
// always text: nothing here, or anywhere in these pages, makes markup of a string.

/** The element of that id, which index.html has. */
export function byId(id: string): HTMLElement {
  const element = document.getElementById(id);
  if (element === null) throw new Error(`#${id}: got none, want one in index.html`);
  return element;
}

/** Sets the text of an element that holds nothing else, if it differs. */
export function setText(element: Element, text: string) {
  const node = element.firstChild;
  if (node === null) {
    if (text !== "") element.append(text);
  } else if ((node as Text).data !== text) {
    (node as Text).data = text;
  }
}

export function setClass(element: Element, name: string) {
  if (element.getAttribute("class") !== name) element.setAttribute("class", name);
}

export function setAttribute(element: Element, name: string, value: string) {
  if (element.getAttribute(name) !== value) element.setAttribute(name, value);
}

export function setHidden(element: HTMLElement, hidden: boolean) {
  if (element.hidden !== hidden) element.hidden = hidden;
}

let lonely: Element | null = null;

/** Leaves an element alone for the keyboard and for those who listen, as it stands over all the rest; null brings the rest back. */
export function alone(element: Element | null) {
  if (element === lonely) return;
  lonely = element;
  for (const away of document.querySelectorAll("[inert]")) away.removeAttribute("inert");
  for (let at = element; at !== null && at !== document.body; at = at.parentElement) {
    for (const beside of at.parentElement?.children ?? []) if (beside !== at) beside.setAttribute("inert", "");
  }
}

/**
 * Puts nodes behind one another from first on (a child of parent, or null) and
 * takes away what is left behind them. A node in its place is not touched, and
 * the one that has the focus keeps it.
 */
export function arrange(parent: Element, nodes: Iterable<ChildNode>, first: ChildNode | null = parent.firstChild) {
  const focused = parent.contains(document.activeElement) ? (document.activeElement as HTMLElement) : null;
  let at = first;
  for (const node of nodes) {
    if (at !== null && at !== node && at.nextSibling === node) {
      const moved = at; // one that goes further down: cheaper than moving all behind it up
      at = node;
      moved.remove();
    }
    if (at === node) at = at.nextSibling;
    else parent.insertBefore(node, at);
  }
  while (at !== null) {
    const next = at.nextSibling;
    at.remove();
    at = next;
  }
  if (focused !== null && focused !== document.activeElement && focused.isConnected) focused.focus({ preventScroll: true });
}

/** Returns a function that calls paint once in the next animation frame, however often it is called. */
export function painter(paint: () => void): () => void {
  let asked = false;
  return () => {
    if (asked) return;
    asked = true;
    requestAnimationFrame(() => {
      asked = false;
      paint();
    });
  };
}
