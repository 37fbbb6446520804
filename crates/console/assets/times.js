// Relative times follow the clock, in the words of `view/time.rs`.
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
  }
}

function update() {
  if (document.hidden) {
    return;
  }
  const now = Date.now() - ahead;
  for (const time of document.querySelectorAll("time[datetime]")) {
    const at = Date.parse(time.dateTime);
    const isDue = "due" in time.dataset && at - now < 1000;
    const words = isDue ? "any moment" : say(at, now);
    if (words && time.textContent !== words) {
      time.textContent = words;
    }
  }
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
