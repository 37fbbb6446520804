// Relative times follow the clock, in the words of `view/time.rs`. Their exact time is shown in the viewer's
// zone and in UTC: while a pointer is over them or, where there is none, after a tap. Times that are printed
// exactly (`data-zone`) come in UTC, and get the viewer's zone.
const EVERY_MS = 1000;
const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

let isRunning = false;
/** Milliseconds that this browser's clock is ahead of the server's, by the time in the page. */
let ahead = 0;

export function times() {
  if (!isRunning) {
    ahead = Date.now() - Number(document.body.dataset.now);
    isRunning = true;
    setInterval(update, EVERY_MS);
    document.addEventListener("visibilitychange", update);
    if (matchMedia("(hover: none)").matches) {
      document.addEventListener("click", tapped);
    }
  }
  // Also after a part of the page was renewed, before it is painted.
  update();
}

function update() {
  if (document.hidden) {
    return;
  }
  const now = Date.now() - ahead;
  for (const time of document.querySelectorAll("time[datetime]")) {
    write(time, now);
  }
}

/** Shows a time as it is to be read now. A `datetime` that is no moment, such as a date, stays as it is. */
function write(time, now) {
  const at = Date.parse(time.dateTime);
  if (Number.isNaN(at)) {
    return;
  }
  const title = exact(at);
  let words = title;
  if ("zone" in time.dataset) {
    words = exact(at, time.dataset.zone);
  } else if (!("exact" in time.dataset)) {
    const isDue = "due" in time.dataset && at - now < 1000;
    words = isDue ? "any moment" : say(at, now);
  }
  if (time.title !== title) {
    time.title = title;
  }
  if (time.textContent !== words) {
    time.textContent = words;
  }
}

/** A tap shows the exact time, and another one the relative time. */
function tapped(event) {
  const time = event.target.closest("time[datetime]:not([data-zone])");
  if (!time) {
    return;
  }
  event.preventDefault();
  time.toggleAttribute("data-exact");
  write(time, Date.now() - ahead);
}

/**
 * `2026-11-24 16:41:03.120 +01:00 (15:41:03.120 UTC)`; in UTC alone where that is the viewer's zone. To the
 * millisecond (`ms`) or the second (`s`); or, for a `date`, `24 November 2026, 16:41 +01:00 (15:41 UTC)`.
 */
function exact(at, precision = "ms") {
  const minutes = -new Date(at).getTimezoneOffset();
  const [date, time] = stamp(at, precision);
  const join = precision === "date" ? ", " : " ";
  if (minutes === 0) {
    return `${date}${join}${time} UTC`;
  }
  const [localDate, localTime] = stamp(at + minutes * 60_000, precision);
  const size = Math.abs(minutes);
  const two = (number) => String(number).padStart(2, "0");
  const offset = `${minutes < 0 ? "-" : "+"}${two(Math.trunc(size / 60))}:${two(Math.trunc(size % 60))}`;
  const utc = date === localDate ? time : `${date}${join}${time}`;
  return `${localDate}${join}${localTime} ${offset} (${utc} UTC)`;
}

/** The date and the time of a moment in UTC. */
function stamp(at, precision) {
  const moment = new Date(at);
  const [date, time] = moment.toISOString().slice(0, -1).split("T");
  if (precision !== "date") {
    return [date, precision === "s" ? time.slice(0, 8) : time];
  }
  const names = { day: "numeric", month: "long", year: "numeric", timeZone: "UTC" };
  return [moment.toLocaleDateString("en-GB", names), time.slice(0, 5)];
}

function say(at, now) {
  const away = Math.trunc(Math.abs(at - now) / 1000);
  let amount;
  if (away === 0) {
    return "just now";
  } else if (away < MINUTE) {
    amount = `${away} s`;
  } else if (away < HOUR) {
    amount = `${Math.trunc(away / MINUTE)} min`;
  } else if (away < DAY) {
    amount = `${Math.trunc(away / HOUR)} h`;
  } else if (away < 2 * DAY) {
    amount = "1 day";
  } else if (away < 30 * DAY) {
    amount = `${Math.trunc(away / DAY)} days`;
  } else {
    return new Date(at).toISOString().slice(0, 10);
  }
  return at < now ? `${amount} ago` : `in ${amount}`;
}
