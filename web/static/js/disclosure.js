// Menus made of <details>: Escape closes them and gives the focus back; so does a click elsewhere.

/** Makes the menus of a document close as menus do. */
export function closeOnEscape(root) {
  root.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") {
      return;
    }
    for (const menu of root.querySelectorAll("details.menu[open]")) {
      const held = menu.contains(document.activeElement);
      menu.open = false;
      if (held) {
        menu.querySelector("summary").focus();
      }
    }
  });
  root.addEventListener("click", (event) => {
    for (const menu of root.querySelectorAll("details.menu[open]")) {
      if (!menu.contains(event.target)) {
        menu.open = false;
      }
    }
  });
}
