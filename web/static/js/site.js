// What every page gains from scripts; each part works without them.
import { offerCopying } from "./copy.js";
import { closeOnEscape } from "./disclosure.js";
import { filterAsTyped } from "./filter.js";
import { makeSortable } from "./sortable.js";

offerCopying(document);
closeOnEscape(document);
for (const table of document.querySelectorAll("table[data-sortable]")) {
  makeSortable(table);
}
for (const input of document.querySelectorAll("input[data-filter]")) {
  filterAsTyped(input);
}
