// Hold to halt: a button that does nothing unless it is held, by pointer or key.

const holdFor = 1200; // milliseconds

/**
 * Makes a button call done when it was held for long enough, and early when it was
 * let go before. A key that repeats, and a finger that slides off, are no hold.
 */
export function holdable(button: HTMLButtonElement, done: () => void, early: () => void): void {
  let timer: number | null = null;
  const begin = (): void => {
    if (timer !== null || button.disabled) return;
    button.classList.add("holding");
    timer = window.setTimeout(() => {
      end();
      done();
    }, holdFor);
  };
  const end = (): boolean => {
    if (timer === null) return false;
    clearTimeout(timer);
    timer = null;
    button.classList.remove("holding");
    return true;
  };
  const letGo = (): void => { if (end()) early(); };
  button.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    button.setPointerCapture(event.pointerId);
    begin();
  });
  button.addEventListener("pointermove", (event) => {
    const { left, right, top, bottom } = button.getBoundingClientRect();
    const outside = event.clientX < left || event.clientX > right || event.clientY < top || event.clientY > bottom;
    if (outside) letGo();
  });
  for (const type of ["pointerup", "pointercancel", "blur"]) button.addEventListener(type, letGo);
  button.addEventListener("contextmenu", (event) => event.preventDefault()); // a long press on a phone
  button.addEventListener("keydown", (event) => {
    if (event.key !== " " && event.key !== "Enter") return;
    event.preventDefault(); // no click, no scrolling
    if (!event.repeat) begin();
  });
  button.addEventListener("keyup", (event) => { if (event.key === " " || event.key === "Enter") letGo(); });
  addEventListener("pagehide", end);
}
