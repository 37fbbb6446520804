// Relative times follow the clock, in the words of `view/time.rs`. Their exact time is shown in the viewer's
// zone and in UTC: while a pointer is over them or, where there is none, after a tap.
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
    update();
    if (matchMedia("(hover: none)").matches) {
      document.addEventListener("click", tapped);
    }
  }
}

function update() {
  if (document.hidden) {
    return;
  }
  const now = Date.now() - ahead;
  for (const time of document.querySelectorAll("time[datetime]")) {
    const at = Date.parse(time.dateTime);
    const title = exact(at);
    if (title && time.title !== title) {
      time.title = title;
    }
    if ("exact" in time.dataset) {
      continue;
    }
    const isDue = "due" in time.dataset && at - now < 1000;
    const words = isDue ? "any moment" : say(at, now);
    if (words && time.textContent !== words) {
      time.textContent = words;
    }
  }
}

/** A tap shows the exact time, and another one the relative time. */
function tapped(event) {
  const time = event.target.closest("time[datetime]");
  if (!time) {
    return;
  }
  event.preventDefault();
  if ("exact" in time.dataset) {
    delete time.dataset.exact;
    update();
  } else {
    time.dataset.exact = "";
    time.textContent = time.title;
  }
}

/** `2026-11-24 16:41:03.120 +01:00 (15:41:03.120 UTC)`; in UTC alone where that is the viewer's zone. */
function exact(at) {
  if (Number.isNaN(at)) {
    return "";
  }
  const minutes = -new Date(at).getTimezoneOffset();
  const [date, time] = stamp(at);
  if (minutes === 0) {
    return `${date} ${time} UTC`;
  }
  const [localDate, localTime] = stamp(at + minutes * 60_000);
  const size = Math.abs(minutes);
  const two = (number) => String(number).padStart(2, "0");
  const offset = `${minutes < 0 ? "-" : "+"}${two(Math.trunc(size / 60))}:${two(size % 60)}`;
  const utc = date === localDate ? time : `${date} ${time}`;
  return `${localDate} ${localTime} ${offset} (${utc} UTC)`;
}

/** The date, and the time to the millisecond, of a moment in UTC. */
function stamp(at) {
  return new Date(at).toISOString().slice(0, -1).split("T");
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
