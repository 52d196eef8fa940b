import { ask, dropToken, isTyping, keepToken, live, replacePart, token } from "./common.js";

const page = document.querySelector("[data-location]");
const name = page.dataset.location;
const said = document.querySelector("[data-said]");
const form = document.querySelector("[data-token-form]");
const dialog = document.querySelector("[data-confirm]");
let may = false; // buttons do something
let busy = false;

const say = (text) => {
  if (said) said.textContent = text;
};

function showButtons() {
  for (const button of document.querySelectorAll("[data-act]")) button.disabled = !may || busy;
  if (form) form.hidden = may;
}

async function check() {
  if (!form) return;
  may = false;
  if (token()) {
    const answer = await ask("/api/token");
    may = answer.status === 200 && answer.ok;
    if (answer.status === 401) dropToken();
  }
  showButtons();
}

function confirmed(text) {
  dialog.querySelector("[data-confirm-text]").textContent = text;
  dialog.returnValue = "no";
  dialog.showModal();
  return new Promise((resolve) =>
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"), { once: true }),
  );
}

const WORDS = { wake: "waking", sleep: "going to sleep", reload: "loading its code", rollback: "rolling back" };

async function act(verb, version) {
  if (verb === "rollback") {
    const to = version ? `version ${version}` : "the version before";
    if (!(await confirmed(`Serve ${to} of ${name} again, and pin it there?`))) return;
  }
  busy = true;
  showButtons();
  say(`${name}: ${WORDS[verb]} …`);
  try {
    const answer = await ask(`/api/do/${verb}?name=${encodeURIComponent(name)}`, version ? { version } : null);
    say(answer.told || [answer.error, answer.hint].filter(Boolean).join(": "));
    if (answer.status === 401) await check();
  } catch {
    say("the host does not answer");
  }
  busy = false;
  showButtons();
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-act]");
  if (button) act(button.dataset.act, button.dataset.version);
});

document.addEventListener("keydown", (event) => {
  if (!isTyping(event) && !dialog.open && event.key === "Escape") location.href = "/";
});

form?.addEventListener("submit", async (event) => {
  event.preventDefault();
  keepToken(document.getElementById("token").value);
  await check();
  say(may ? "the token is right" : "this is not the token of this host");
});

for (const log of document.querySelectorAll("pre.log")) log.scrollTop = log.scrollHeight;
// What takes the host longer is asked for once, when the rest is there.
for (const late of document.querySelectorAll("[data-late]")) {
  fetch(late.dataset.late)
    .then((answer) => (answer.ok ? answer.text() : Promise.reject(answer.status)))
    .then((html) => replacePart(late.dataset.part, html))
    .catch(() => late.replaceChildren("It could not be looked up: the host's log knows more."));
}

check();
live(
  () => page.dataset.live,
  (change) => {
    if (change.gone) return say(`${name} is no longer in the fleet`);
    for (const [part, html] of Object.entries(change.parts || {})) replacePart(part, html);
    showButtons();
  },
);
