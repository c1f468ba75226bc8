const DAYS = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
const PLAIN = /^\d+(,\d+)*$/;

/** Say a cron of five fields in words; the cron itself where it is none of the usual shapes. */
export function cronInWords(cron: string): string {
  const [minute = "", hour = "", day = "", month = "", weekday = ""] = cron.split(" ");
  if (month !== "*") return cron;
  const when = day === "*" ? daysOf(weekday) : datesOf(day, weekday);
  const times = timesOf(minute, hour);
  return when === null || times === null ? cron : `${times}${when}`;
}

function datesOf(day: string, weekday: string): string | null {
  if (weekday !== "*" || !PLAIN.test(day)) return null;
  return `, on day ${day.replaceAll(",", ", ")} of the month`;
}

function daysOf(weekday: string): string | null {
  if (weekday === "*") return "";
  if (weekday === "1-5") return ", Monday to Friday";
  if (!PLAIN.test(weekday)) return null;
  return `, ${weekday
    .split(",")
    .map((day) => DAYS[Number(day) % 7])
    .join(", ")}`;
}

function timesOf(minute: string, hour: string): string | null {
  const every = /^\*\/(\d+)$/.exec(minute)?.[1];
  const between = /^(\d+)-(\d+)$/.exec(hour);
  const hours = between ? ` from ${clock(between[1], "0")} to ${clock(between[2], "59")}` : hour === "*" ? "" : null;
  if (minute === "*" || every) {
    return hours === null ? null : `every ${every ? `${every} minutes` : "minute"}${hours}`;
  }
  if (!PLAIN.test(minute)) return null;
  const minutes = minute.split(",");
  if (hours !== null) {
    return `every hour at ${minutes.map((each) => `:${each.padStart(2, "0")}`).join(", ")}${hours}`;
  }
  if (!PLAIN.test(hour)) return null;
  return hour
    .split(",")
    .flatMap((each) => minutes.map((one) => clock(each, one)))
    .join(", ");
}

function clock(hour: string | undefined, minute: string): string {
  return `${(hour ?? "").padStart(2, "0")}:${minute.padStart(2, "0")}`;
}
