// Fingers on a chart. One that moves sideways reads it, two zoom and shift it;
// one that moves up or down scrolls the page, which the browser does by itself
// (touch-action in style.css).

/** Two fingers: where the middle between them is, in pixels from the left, and how far they are apart. */
export interface Pinch { middle: number; apart: number }

/** What fingers ask for: read(x) of a place, in pixels from the left; pinch(first) returns what is told of each later stand of the two. */
export interface Touched { read(x: number): void; pinch(first: Pinch): (now: Pinch) => void }

const nearest = 24; // pixels: fingers can lie closer, and a chart would leap

/** Listens to fingers on a place until it is taken away. */
export function listen(place: HTMLElement, asked: Touched) {
  const down = new Map<number, PointerEvent>();
  let pinched: ((now: Pinch) => void) | null = null;
  const x = (event: PointerEvent) => event.clientX - place.getBoundingClientRect().left;
  const stand = (a: PointerEvent, b: PointerEvent): Pinch => ({ middle: (x(a) + x(b)) / 2, apart: Math.max(nearest, Math.hypot(a.clientX - b.clientX, a.clientY - b.clientY)) });

  /** What the fingers of now begin anew. */
  const begin = () => {
    const [a, b, more] = [...down.values()];
    pinched = a !== undefined && b !== undefined && more === undefined ? asked.pinch(stand(a, b)) : null;
  };
  place.addEventListener("pointerdown", (event) => {
    if (event.pointerType !== "touch") return;
    down.set(event.pointerId, event);
    begin();
  });
  place.addEventListener("pointermove", (event) => {
    if (!down.has(event.pointerId)) return;
    down.set(event.pointerId, event);
    const [a, b] = [...down.values()];
    if (a !== undefined && b !== undefined) pinched?.(stand(a, b));
    else asked.read(x(event));
  });
  for (const gone of ["pointerup", "pointercancel"] as const) place.addEventListener(gone, (event) => {
    if (down.delete(event.pointerId)) begin();
  });
}
