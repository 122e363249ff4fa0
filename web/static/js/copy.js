// Buttons that copy the text beside them; without scripts they stay hidden.

const SHOWN_MILLISECONDS = 2000;

/** Shows the copy buttons below `root` where the browser can copy. */
export function offerCopying(root) {
  if (!navigator.clipboard) {
    return;
  }
  for (const button of root.querySelectorAll("button[data-copy]")) {
    const source = button.parentElement.querySelector("[data-copy-text]");
    if (!source) {
      continue;
    }
    button.hidden = false;
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(source.textContent.trim());
      confirm(button);
    });
  }
}

function confirm(button) {
  const done = button.dataset.copied;
  if (!done || button.dataset.label) {
    return;
  }
  button.dataset.label = button.textContent;
  button.textContent = done;
  setTimeout(() => {
    button.textContent = button.dataset.label;
    delete button.dataset.label;
  }, SHOWN_MILLISECONDS);
}
