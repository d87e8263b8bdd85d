/**
 * Where a pointer is in the element that hears it: parts of its width and height. `offsetX` would not do:
 * it does not know of the page's `zoom`, with which the lab is presented.
 */
export function pointIn(event: MouseEvent): { across: number; down: number } {
  const box = (event.currentTarget as Element).getBoundingClientRect();
  return {
    across: (event.clientX - box.left) / box.width,
    down: (event.clientY - box.top) / box.height,
  };
}
