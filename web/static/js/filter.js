// A search box that narrows a list while one types; without scripts its form does the same.

/** Returns a text without case and accents, as the server compares it. */
function fold(text) {
  return text.toLowerCase().normalize("NFD").replace(/\p{M}/gu, "").replace(/[’ʼ]/g, "'");
}

/** Makes a box hide the items that its words are not in, and the groups with nothing left. */
export function filterAsTyped(input) {
  const items = [...document.querySelectorAll(input.dataset.filter)].map((element) => ({
    element,
    text: fold(element.textContent),
  }));
  const status = document.querySelector("[data-filter-status]");
  const initial = status ? status.innerHTML : "";
  const groups = [...document.querySelectorAll("[data-filter-group]")];
  input.addEventListener("input", () => {
    const words = fold(input.value).split(/\s+/).filter(Boolean);
    let found = 0;
    for (const { element, text } of items) {
      const shown = words.every((word) => text.includes(word));
      element.hidden = !shown;
      found += shown ? 1 : 0;
    }
    for (const group of groups) {
      group.hidden = !group.querySelector(`${input.dataset.filter}:not([hidden])`);
    }
    if (!status) {
      return;
    }
    if (words.length === 0) {
      status.innerHTML = initial;
    } else if (found < 2) {
      status.textContent = found === 0 ? status.dataset.none : status.dataset.one;
    } else {
      status.textContent = status.dataset.many.replace("#", String(found));
    }
  });
}
