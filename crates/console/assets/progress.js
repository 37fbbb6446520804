// Forms whose response is streamed while the work continues (`data-progress`). Each step is between comments
// in the response, and replaces the last step in the part of the page that the form names; the form is
// hidden.
const STEP = "<!--step-->";
const STEP_END = "<!--/step-->";

export function progress(enliven) {
  for (const form of document.querySelectorAll("form[data-progress]")) {
    form.addEventListener("submit", (event) => run(event, form, enliven));
  }
}

async function run(event, form, enliven) {
  event.preventDefault();
  const part = document.getElementById(form.dataset.progress);
  const fields = new URLSearchParams(new FormData(form));
  form.hidden = true;
  part.focus();
  try {
    // Not `form.action`: if the form has a field of this name, that is the field.
    const response = await fetch(form.getAttribute("action"), { method: "POST", body: fields });
    if (!response.ok || response.redirected) {
      // The work has not begun: let the browser submit the form and show the response.
      form.submit();
      return;
    }
    await show(response.body, part, enliven);
  } catch {
    say(part, "The connection was lost. The work continues; count again to see what is left.");
  }
}

async function show(body, part, enliven) {
  const decoder = new TextDecoder();
  const reader = body.getReader();
  let text = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) {
      return;
    }
    text += decoder.decode(value, { stream: true });
    const end = text.lastIndexOf(STEP_END);
    if (end === -1) {
      continue;
    }
    const start = text.lastIndexOf(STEP, end);
    part.innerHTML = text.slice(start, end);
    enliven(part);
    text = text.slice(end + STEP_END.length);
  }
}

function say(part, words) {
  const line = document.createElement("p");
  line.className = "warn";
  line.textContent = words;
  part.replaceChildren(line);
}
