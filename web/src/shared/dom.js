// The few things that the pages do to the document. Text is always text: nothing
// here, or anywhere in these pages, makes markup of a string.

/** An element with a class and children (nodes or text). */
export function make(tag, className = "", ...children) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  element.append(...children);
  return element;
}

/** An SVG element with attributes. */
export function draw(tag, attributes, ...children) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

export const byId = (id) => document.getElementById(id);

/** Sets the text of an element that holds nothing else, if it differs. */
export function setText(element, text) {
  const node = element.firstChild;
  if (node === null) {
    if (text !== "") element.append(text);
  } else if (node.data !== text) {
    node.data = text;
  }
}

export function setClass(element, name) {
  if (element.getAttribute("class") !== name) element.setAttribute("class", name);
}

export function setAttribute(element, name, value) {
  if (element.getAttribute(name) !== value) element.setAttribute(name, value);
}

export function setHidden(element, hidden) {
  if (element.hidden !== hidden) element.hidden = hidden;
}

/** Sets a style property through the object model, which a strict policy allows. */
export function setStyle(element, property, value) {
  if (element.style.getPropertyValue(property) !== value) element.style.setProperty(property, value);
}

/**
 * Puts nodes behind one another from first on (a child of parent, or null) and
 * takes away what is left behind them. A node in its place is not touched, and
 * the one that has the focus keeps it.
 */
export function arrange(parent, nodes, first = parent.firstChild) {
  const focused = parent.contains(document.activeElement) ? document.activeElement : null;
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
export function painter(paint) {
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
