// The form that checks a file: drop one anywhere on its frame, see that it is being checked.

/** Lets files be dropped on a frame into the file field inside it. */
function acceptDrops(frame) {
  const field = frame.querySelector("input[type=file]");
  frame.querySelector("[data-drop-hint]").hidden = false;
  for (const kind of ["dragenter", "dragover"]) {
    frame.addEventListener(kind, (event) => {
      event.preventDefault();
      frame.classList.add("drop-over");
    });
  }
  for (const kind of ["dragleave", "drop"]) {
    frame.addEventListener(kind, () => frame.classList.remove("drop-over"));
  }
  frame.addEventListener("drop", (event) => {
    if (event.dataTransfer.files.length) {
      event.preventDefault();
      const one = new DataTransfer();
      one.items.add(event.dataTransfer.files[0]);
      field.files = one.files;
    }
  });
}

/** Says that a check runs; the button comes back when the page does. */
function sayWorking(form) {
  const button = form.querySelector("button[type=submit]");
  const status = form.querySelector("[data-working]");
  const before = status.textContent;
  form.addEventListener("submit", () => {
    // a report that is saved leaves this page as it is
    if (!form.elements.format.value) {
      button.setAttribute("aria-busy", "true");
      status.textContent = status.dataset.working;
    }
  });
  window.addEventListener("pageshow", () => {
    button.removeAttribute("aria-busy");
    status.textContent = before;
  });
}

for (const frame of document.querySelectorAll("[data-drop]")) {
  acceptDrops(frame);
}
for (const form of document.querySelectorAll("[data-check]")) {
  sayWorking(form);
}
