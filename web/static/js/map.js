// The drawn map can be enlarged and moved: dots of one city come apart as it grows. The drawing that
// the server sent stays as it is without this script, and when the data cannot be had.

const ONE_CITY = 11;
const SMALLEST = 6;
const MOST = 40;
const STEP = 1.6;
const SVG = "http://www.w3.org/2000/svg";

for (const place of document.querySelectorAll(".live-map[data-geojson]")) {
  start(place);
}

async function start(place) {
  const svg = place.querySelector("svg.map");
  const spots = await read(place.dataset.geojson, JSON.parse(svg.dataset.frames));
  if (spots) {
    new LiveMap(place, svg, spots);
  }
}

/** Returns what has a position in one of the frames, in the coordinates of the drawing. */
async function read(address, frames) {
  let collection;
  try {
    const response = await fetch(address, { headers: { Accept: "application/geo+json" } });
    if (!response.ok) {
      return null;
    }
    collection = await response.json();
  } catch {
    return null;
  }
  const spots = [];
  for (const { geometry, properties } of collection.features) {
    const spot = geometry && project(frames, ...geometry.coordinates);
    if (spot) {
      spots.push({ ...spot, label: properties.label, href: properties.page, weight: properties.units ?? 1 });
    }
  }
  return spots;
}

function project(frames, longitude, latitude) {
  for (const [west, south, east, north, x, y, scale, shrink] of frames) {
    if (west < longitude && longitude < east && south < latitude && latitude < north) {
      return { x: x + (longitude - west) * shrink * scale, y: y + (north - latitude) * scale };
    }
  }
  return null;
}

class LiveMap {
  constructor(place, svg, spots) {
    this.svg = svg;
    this.spots = spots.sort((a, b) => b.weight - a.weight);
    [, , this.width, this.height] = svg.getAttribute("viewBox").split(" ").map(Number);
    this.zoom = 1;
    this.middle = { x: this.width / 2, y: this.height / 2 };
    this.ground = [...svg.querySelectorAll(".ground circle")].map((dot) => [dot, Number(dot.getAttribute("r"))]);
    this.texts = [...svg.querySelectorAll(".inset text")];
    for (const drawn of svg.querySelectorAll(":scope > a, :scope > .place")) {
      drawn.remove();
    }
    this.points = document.createElementNS(SVG, "g");
    svg.append(this.points);
    this.addButtons(place);
    this.listen();
    this.draw();
  }

  addButtons(place) {
    const bar = document.createElement("div");
    bar.className = "map-buttons";
    for (const [sign, label, act] of [
      ["+", place.dataset.zoomIn, () => this.scale(STEP)],
      ["−", place.dataset.zoomOut, () => this.scale(1 / STEP)],
      ["⤢", place.dataset.zoomReset, () => this.reset()],
    ]) {
      const button = document.createElement("button");
      button.type = "button";
      button.className = "button button-quiet";
      button.textContent = sign;
      button.title = label;
      button.setAttribute("aria-label", label);
      button.addEventListener("click", act);
      bar.append(button);
    }
    place.prepend(bar);
    this.svg.setAttribute("tabindex", "0");
    this.svg.setAttribute("aria-description", place.dataset.help);
  }

  listen() {
    const held = new Map();
    this.svg.addEventListener("pointerdown", (event) => {
      held.set(event.pointerId, event);
      this.moved = false;
    });
    this.svg.addEventListener("pointermove", (event) => {
      const before = held.get(event.pointerId);
      if (!before) {
        return;
      }
      const unit = this.width / this.zoom / this.svg.clientWidth;
      if (held.size === 2) {
        const other = [...held.values()].find((each) => each.pointerId !== event.pointerId);
        const apart = (each) => Math.hypot(each.clientX - other.clientX, each.clientY - other.clientY);
        this.scale(apart(event) / Math.max(apart(before), 1));
      } else if (this.zoom > 1) {
        this.move((before.clientX - event.clientX) * unit, (before.clientY - event.clientY) * unit);
      }
      if (Math.hypot(event.clientX - before.clientX, event.clientY - before.clientY) > 2) {
        this.moved = true;
        this.svg.setPointerCapture(event.pointerId);
      }
      held.set(event.pointerId, event);
    });
    for (const end of ["pointerup", "pointercancel"]) {
      this.svg.addEventListener(end, (event) => held.delete(event.pointerId));
    }
    // a drag that ends on a dot is no click on it
    this.svg.addEventListener("click", (event) => {
      if (this.moved) {
        event.preventDefault();
      }
    }, true);
    this.svg.addEventListener("wheel", (event) => {
      // the wheel alone scrolls the page
      if (event.ctrlKey) {
        event.preventDefault();
        this.scale(event.deltaY < 0 ? STEP : 1 / STEP);
      }
    }, { passive: false });
    this.svg.addEventListener("keydown", (event) => {
      const step = 40 / this.zoom;
      const act = {
        "+": () => this.scale(STEP), "=": () => this.scale(STEP), "-": () => this.scale(1 / STEP), 0: () => this.reset(),
        ArrowLeft: () => this.move(-step, 0), ArrowRight: () => this.move(step, 0),
        ArrowUp: () => this.move(0, -step), ArrowDown: () => this.move(0, step),
      }[event.key];
      if (act && !event.ctrlKey && !event.metaKey && (event.key.length === 1 || this.zoom > 1)) {
        event.preventDefault();
        act();
      }
    });
  }

  reset() {
    this.middle = { x: this.width / 2, y: this.height / 2 };
    this.zoom = 1;
    this.draw();
  }

  scale(factor, towards = this.middle) {
    this.zoom = Math.min(MOST, Math.max(1, this.zoom * factor));
    this.middle = { ...towards };
    this.draw();
  }

  move(x, y) {
    this.middle = { x: this.middle.x + x, y: this.middle.y + y };
    this.draw();
  }

  draw() {
    const width = this.width / this.zoom;
    const height = this.height / this.zoom;
    this.middle.x = Math.min(Math.max(this.middle.x, width / 2), this.width - width / 2);
    this.middle.y = Math.min(Math.max(this.middle.y, height / 2), this.height - height / 2);
    const left = this.middle.x - width / 2;
    const top = this.middle.y - height / 2;
    this.svg.setAttribute("viewBox", `${left} ${top} ${width} ${height}`);
    // where the map can be moved, a finger moves it; elsewhere it scrolls the page
    this.svg.style.touchAction = this.zoom > 1 ? "none" : "pan-y";
    for (const [dot, radius] of this.ground) {
      dot.setAttribute("r", radius / this.zoom);
    }
    for (const text of this.texts) {
      text.style.fontSize = `${11 / this.zoom}px`;
    }
    if (this.drawnAt !== this.zoom) {
      this.drawnAt = this.zoom;
      this.points.replaceChildren(...this.groups().map((group) => this.dot(group)));
    }
  }

  groups() {
    const groups = [];
    for (const spot of this.spots) {
      const near = groups.find((group) => Math.hypot(group.x - spot.x, group.y - spot.y) < ONE_CITY / this.zoom);
      if (near) {
        near.spots.push(spot);
        near.weight += spot.weight;
      } else {
        groups.push({ x: spot.x, y: spot.y, weight: spot.weight, spots: [spot] });
      }
    }
    return groups.sort((a, b) => b.weight - a.weight);
  }

  dot(group) {
    const { spots, x, y } = group;
    const apart = spots.some((spot) => Math.hypot(spot.x - x, spot.y - y) > ONE_CITY / MOST);
    const link = document.createElementNS(SVG, "a");
    link.setAttribute("href", spots.length === 1 || !apart || this.zoom === MOST ? spots[0].href : "#content");
    const title = document.createElementNS(SVG, "title");
    title.textContent = spots.slice(0, 6).map((spot) => (spot.weight > 1 ? `${spot.label} (${spot.weight})` : spot.label)).join(" · ")
      + (spots.length > 6 ? " …" : "");
    const circle = document.createElementNS(SVG, "circle");
    circle.setAttribute("class", "place");
    circle.setAttribute("cx", x);
    circle.setAttribute("cy", y);
    circle.setAttribute("r", Math.min(4 * SMALLEST, SMALLEST * Math.sqrt(group.weight)) / this.zoom);
    circle.style.strokeWidth = 1 / this.zoom;
    link.append(title, circle);
    if (link.getAttribute("href") === "#content") {
      link.addEventListener("click", (event) => {
        event.preventDefault();
        this.scale(STEP * STEP, group);
      });
    }
    return link;
  }
}
