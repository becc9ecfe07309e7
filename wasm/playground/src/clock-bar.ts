// The clock of the tool that shows, and the buttons that move it forward. Tokens age by it, links end by it.
// Its markup stands in index.html, so that nothing moves when the script arrives.

import type { PageClock } from "./shared/clock.ts";
import { byId, setText } from "./shared/dom.ts";
import { clockFace, span } from "./shared/time.ts";

/** Gives what shows another clock. */
export function startClockBar(clocks: readonly PageClock[]): (clock: PageClock) => void {
  const bar = byId("clock");
  const part = (name: string): HTMLElement => bar.querySelector(`.clock-${name}`) as HTMLElement;
  const [face, day, moved] = [part("time"), part("day"), part("moved")];

  let clock = clocks[0] as PageClock;

  function show(): void {
    const { day: date, time } = clockFace(clock.now());
    setText(face, time);
    setText(day, date);
    const offset = clock.offsetSeconds;
    setText(moved, offset === 0 ? "real time" : `${span(offset)} ahead`);
    moved.classList.toggle("on", offset !== 0);
  }

  for (const button of bar.querySelectorAll("button")) {
    const seconds = Number(button.dataset["seconds"]);
    button.addEventListener("click", () => (seconds > 0 ? clock.advance(seconds) : clock.reset()));
  }
  clocks.forEach((each) => each.onTick(() => each === clock && show()));
  show();
  return (shown) => {
    clock = shown;
    show();
  };
}
