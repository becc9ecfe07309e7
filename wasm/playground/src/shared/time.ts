// Times and spans in words.

const LOCAL = new Intl.DateTimeFormat("en-GB", {
  day: "numeric",
  month: "short",
  year: "numeric",
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
  timeZoneName: "short",
});
const LOCAL_CLOCK = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit" });
const LOCAL_DAY = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", year: "numeric" });

const UNITS: readonly (readonly [seconds: number, name: string])[] = [
  [31_557_600, "y"],
  [86_400, "d"],
  [3600, "h"],
  [60, "min"],
  [1, "s"],
];

/** The largest second that a Date can show. */
const LAST = 8.64e12;

/** Seconds since 1970 as the visitor's local time; undefined where no calendar reaches. */
export function localTime(seconds: number): string | undefined {
  return Math.abs(seconds) <= LAST ? LOCAL.format(seconds * 1000) : undefined;
}

const NEAR = ["yesterday", "today", "tomorrow"];

/** The same as people say it: `today at 14:05:09`, where it is near. */
export function spokenTime(seconds: number, nowSeconds: number): string | undefined {
  const local = localTime(seconds);
  // Days of the calendar, which may have 23 hours.
  const days = local === undefined ? undefined : Math.round((midnight(seconds) - midnight(nowSeconds)) / 86_400_000);
  const near = days === undefined ? undefined : NEAR[days + 1];
  return near ? `${near} at ${LOCAL_CLOCK.format(seconds * 1000)}` : local;
}

function midnight(seconds: number): number {
  return new Date(seconds * 1000).setHours(0, 0, 0, 0);
}

/** A text in which moments are seconds since 1970. */
export function spokenTimes(text: string, nowSeconds: number): string {
  return text.replace(/\b\d{9,11}\b/g, (seconds) => `(${spokenTime(Number(seconds), nowSeconds)})`);
}

/** A text in which spans are seconds: `expired 1500 s ago` is said as `expired 25 min ago`. */
export function spokenSpans(text: string): string {
  return text.replace(/\b(\d+) s\b/g, (_, seconds: string) => span(Number(seconds)));
}

export function isoTime(seconds: number): string | undefined {
  return Math.abs(seconds) <= LAST ? new Date(seconds * 1000).toISOString().replace(".000Z", "Z") : undefined;
}

export function clockFace(milliseconds: number): { day: string; time: string } {
  return { day: LOCAL_DAY.format(milliseconds), time: LOCAL_CLOCK.format(milliseconds) };
}

/** A span by its two largest units: `1 h 12 min`. */
export function span(seconds: number): string {
  let rest = Math.floor(Math.abs(seconds));
  const parts: string[] = [];
  for (const [size, name] of UNITS) {
    const count = Math.floor(rest / size);
    if (count > 0) {
      parts.push(`${count.toLocaleString("en")} ${name}`);
      rest -= count * size;
    } else if (parts.length > 0) {
      break;
    }
    if (parts.length === 2) {
      break;
    }
  }
  return parts.length > 0 ? parts.join(" ") : "0 s";
}

/** `in 5 min`, `5 min ago`, `now`. */
export function fromNow(seconds: number, nowSeconds: number): string {
  const distance = Math.floor(seconds) - Math.floor(nowSeconds);
  if (distance === 0) {
    return "now";
  }
  return distance > 0 ? `in ${span(distance)}` : `${span(distance)} ago`;
}
