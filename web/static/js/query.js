// The query page: run with the keyboard, indent, and fetch the result without losing the editor.
import { offerCopying } from "./copy.js";
import { makeSortable } from "./sortable.js";

const LONGEST_ADDRESS = 60_000;

const form = document.querySelector("#query-form");
const editor = form.querySelector("textarea");
let running = null;

if (editor.dataset.editor) {
  import("./editor.js")
    .then(({ enrich }) => enrich(editor, () => form.requestSubmit()))
    // the text area is still there and does all that is needed
    .catch(() => {});
}

for (const hint of document.querySelectorAll("[data-shortcut]")) {
  hint.hidden = false;
}

editor.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
    event.preventDefault();
    form.requestSubmit();
  }
});

form.addEventListener("submit", (event) => {
  const address = `${form.action}?${new URLSearchParams(new FormData(form))}`;
  if (address.length < LONGEST_ADDRESS) {
    event.preventDefault();
    show(address);
  }
});

// the ways to look at a result change the answer, not the page
document.querySelector("#answer").addEventListener("click", (event) => {
  const link = event.target.closest(".views a");
  if (link && !event.ctrlKey && !event.metaKey && link.href.length < LONGEST_ADDRESS) {
    event.preventDefault();
    show(link.href);
  }
});

window.addEventListener("popstate", () => window.location.reload());

/** Replaces the answer on the page by that of an address; any failure falls back on a plain load. */
async function show(address) {
  const answer = document.querySelector("#answer");
  running?.abort();
  running = new AbortController();
  answer.setAttribute("aria-busy", "true");
  try {
    const response = await fetch(address, {
      headers: { Accept: "text/html" },
      signal: running.signal,
    });
    const page = new DOMParser().parseFromString(await response.text(), "text/html");
    const fresh = page.querySelector("#answer");
    if (!fresh) {
      throw new Error("not the query page");
    }
    answer.replaceChildren(...fresh.childNodes);
    history.pushState(null, "", address);
    offerCopying(answer);
    for (const table of answer.querySelectorAll("table[data-sortable]")) {
      makeSortable(table);
    }
    const heading = answer.querySelector("h2");
    if (heading) {
      heading.tabIndex = -1;
      heading.focus({ preventScroll: true });
      heading.scrollIntoView({ block: "nearest" });
    }
  } catch (error) {
    if (error.name !== "AbortError") {
      window.location.assign(address);
    }
  } finally {
    answer.removeAttribute("aria-busy");
  }
}
