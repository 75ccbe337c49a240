import { parseGoDuration } from "./go-duration.ts";

/** When a schedule runs, in the dialect of CronJobs (github.com/robfig/cron `ParseStandard`). */
export interface CronSchedule {
  /**
   * The first time after `after` that it names, `undefined` where there is none within five years.
   * @param after milliseconds since the epoch
   * @param timeZone a name of the IANA data base
   * @throws RangeError where the time zone is not known
   */
  next(after: number, timeZone: string): number | undefined;
  /** Milliseconds between two runs of `@every`, which counts from the run before. */
  readonly every?: number;
}

const DESCRIPTORS: Readonly<Record<string, string>> = {
  "@yearly": "0 0 1 1 *",
  "@annually": "0 0 1 1 *",
  "@monthly": "0 0 1 * *",
  "@weekly": "0 0 * * 0",
  "@daily": "0 0 * * *",
  "@midnight": "0 0 * * *",
  "@hourly": "0 * * * *",
};
const MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const DAYS = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const FURTHEST_DAYS = 5 * 366;
/** No clock is turned by more. */
const LARGEST_TURN = 3 * HOUR;

/** @throws SyntaxError where the text is no schedule */
export function parseCron(text: string): CronSchedule {
  const zone = /^(?:CRON_)?TZ=(\S+)\s+/.exec(text);
  const rest = (zone === null ? text : text.slice(zone[0].length)).trim();
  const every = /^@every (.+)$/.exec(rest)?.[1];
  if (every !== undefined) {
    const milliseconds = parseGoDuration(every);
    if (milliseconds === undefined || milliseconds < 1000) throw new SyntaxError(`"${every}" is no duration`);
    return { next: (after) => after + milliseconds, every: milliseconds };
  }
  const fields = (DESCRIPTORS[rest.toLowerCase()] ?? rest).split(/\s+/);
  const [minutes = "", hours = "", days = "", months = "", weekdays = ""] = fields;
  if (fields.length !== 5) throw new SyntaxError(`a schedule has 5 fields, not ${fields.length}`);
  const parsed: Fields = {
    minutes: parseField(minutes, 0, 59),
    hours: parseField(hours, 0, 23),
    days: parseField(days, 1, 31),
    months: parseField(months, 1, 12, MONTHS),
    weekdays: parseField(weekdays, 0, 6, DAYS),
  };
  return { next: (after, timeZone) => nextTime(parsed, after, zone?.[1] ?? timeZone) };
}

interface Field {
  readonly values: ReadonlySet<number>;
  /** It says nothing: `*`. */
  readonly any: boolean;
}
interface Fields {
  readonly minutes: Field;
  readonly hours: Field;
  readonly days: Field;
  readonly months: Field;
  readonly weekdays: Field;
}

function parseField(text: string, low: number, high: number, names: readonly string[] = []): Field {
  const values = new Set<number>();
  let any = false;
  for (const part of text.split(",")) {
    const match = /^(?:([*?])|(\w+)(?:-(\w+))?)(?:\/(\d+))?$/.exec(part);
    if (match === null) throw new SyntaxError(`"${part}" is no part of a schedule`);
    const [, star, first = "", last, step] = match;
    const from = star === undefined ? valueOf(first, low, names) : low;
    const to =
      star !== undefined || (last === undefined && step !== undefined)
        ? high
        : last === undefined
          ? from
          : valueOf(last, low, names);
    const by = step === undefined ? 1 : Number(step);
    if (from < low || to > high || from > to || by < 1) {
      throw new SyntaxError(`"${part}" is not within ${low} to ${high}`);
    }
    any ||= star !== undefined && by === 1;
    for (let value = from; value <= to; value += by) values.add(value);
  }
  return { values, any };
}

function valueOf(text: string, low: number, names: readonly string[]): number {
  const name = names.indexOf(text.toLowerCase());
  const value = name === -1 ? Number(text) : name + low;
  if (!Number.isInteger(value)) throw new SyntaxError(`"${text}" is no number`);
  return value;
}

function nextTime(fields: Fields, after: number, timeZone: string): number | undefined {
  const offset = offsetAt(after, timeZone);
  // Where clocks are turned back, the same times of day come twice: all of them are looked at.
  const turns = offset !== offsetAt(after + LARGEST_TURN, timeZone);
  const start = Math.floor((after + offset) / MINUTE) * MINUTE + (turns ? -LARGEST_TURN : MINUTE);
  let found: number | undefined;
  let last = Infinity;
  for (const wall of wallTimes(fields, start)) {
    if (wall > last) break;
    for (const time of instantsOf(wall, timeZone)) {
      if (time > after && (found === undefined || time < found)) found = time;
    }
    if (found !== undefined && last === Infinity) last = turns ? wall + LARGEST_TURN : wall;
  }
  return found;
}

/** Times of day that match, as milliseconds since the epoch of a clock that shows UTC. */
function* wallTimes(fields: Fields, start: number): Generator<number> {
  const firstDay = Math.floor(start / DAY) * DAY;
  for (let index = 0; index <= FURTHEST_DAYS; index += 1) {
    const day = firstDay + index * DAY;
    if (!matchesDay(fields, new Date(day))) continue;
    for (let hour = 0; hour < 24; hour += 1) {
      if (!fields.hours.values.has(hour) || day + (hour + 1) * HOUR <= start) continue;
      for (let minute = 0; minute < 60; minute += 1) {
        const wall = day + hour * HOUR + minute * MINUTE;
        if (wall >= start && fields.minutes.values.has(minute)) yield wall;
      }
    }
  }
}

/** A day of the month and one of the week are two ways to match, where both are given. */
function matchesDay({ days, months, weekdays }: Fields, date: Date): boolean {
  if (!months.values.has(date.getUTCMonth() + 1)) return false;
  const [day, weekday] = [days.values.has(date.getUTCDate()), weekdays.values.has(date.getUTCDay())];
  return days.any || weekdays.any ? day && weekday : day || weekday;
}

/** The moments at which clocks of a zone show a time: none where it is skipped, two where clocks are turned back. */
function instantsOf(wall: number, timeZone: string): readonly number[] {
  const offsets = new Set([offsetAt(wall - DAY, timeZone), offsetAt(wall + DAY, timeZone)]);
  return [...offsets].map((offset) => wall - offset).filter((time) => time + offsetAt(time, timeZone) === wall);
}

const formats = new Map<string, Intl.DateTimeFormat>();

/** What the clocks of a zone are ahead of UTC, in milliseconds. */
function offsetAt(time: number, timeZone: string): number {
  if (timeZone === "UTC") return 0;
  let format = formats.get(timeZone);
  if (format === undefined) {
    const numeric = "numeric" as const;
    format = new Intl.DateTimeFormat("en-US", {
      timeZone,
      hourCycle: "h23",
      year: numeric,
      month: numeric,
      day: numeric,
      hour: numeric,
      minute: numeric,
      second: numeric,
    });
    formats.set(timeZone, format);
  }
  const parts = new Map(format.formatToParts(time).map(({ type, value }) => [type, Number(value)]));
  const part = (name: Intl.DateTimeFormatPartTypes): number => parts.get(name) ?? 0;
  const shown = Date.UTC(part("year"), part("month") - 1, part("day"), part("hour"), part("minute"), part("second"));
  return shown - Math.floor(time / 1000) * 1000;
}
