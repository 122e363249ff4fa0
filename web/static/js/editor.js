// The rich editor in place of the text area: colours, checks, and completion from what the graph holds.

/** Puts the editor over a text area, which keeps the text for the form; returns the editor. */
export async function enrich(area, run) {
  const [{ Yasqe }, known] = await Promise.all([
    import(area.dataset.editor),
    fetch(area.dataset.completions).then((response) => (response.ok ? response.json() : null)),
    loadStyle(area.dataset.style),
  ]);
  Yasqe.defaults.autocompleters = [];
  if (known) {
    registerCompleters(Yasqe, known);
  }
  const holder = document.createElement("div");
  holder.className = "rich-editor";
  area.before(holder);
  const yasqe = new Yasqe(holder, {
    value: area.value,
    persistenceId: null,
    createShareableLink: null,
    showQueryButton: false,
    resizeable: false,
    editorHeight: `${Math.min(28, Math.max(9, area.value.split("\n").length + 3)) * 1.5}em`,
    extraKeys: { "Ctrl-Enter": run, "Cmd-Enter": run, "Ctrl-Space": (editor) => editor.autocomplete(),
      // the Tab key leaves the editor, as it leaves every field
      Tab: false, "Shift-Tab": false },
  });
  // queries of this graph leave out nothing: prefixes are offered, never fetched
  const input = yasqe.getInputField();
  input.setAttribute("aria-label", document.querySelector(`label[for="${area.id}"]`).textContent);
  area.hidden = true;
  yasqe.on("change", () => {
    area.value = yasqe.getValue();
  });
  return yasqe;
}

function loadStyle(address) {
  return new Promise((resolve, reject) => {
    const link = document.createElement("link");
    link.rel = "stylesheet";
    link.href = address;
    link.addEventListener("load", resolve);
    link.addEventListener("error", reject);
    // before our own, which has the last word on colours
    document.head.querySelector("link[rel=stylesheet]").before(link);
  });
}

function registerCompleters(Yasqe, known) {
  const byName = new Map();
  for (const term of [...known.classes, ...known.properties]) {
    byName.set(term.name || `<${term.iri}>`, term);
  }
  const completer = (name, terms, fits) => ({
    name,
    bulk: false,
    autoShow: false,
    persistenceId: null,
    isValidCompletionPosition: fits,
    get: (_, token) => find(terms, (token?.autocompletionString ?? token?.string ?? "").trim()),
    preProcessToken: (_, token) => ({ ...token, autocompletionString: token.string.trim().replace(/^</, "") }),
    postProcessSuggestion: (_, __, suggestion) => suggestion,
    postprocessHints: (yasqe, hints) => hints.map((hint) => describe(yasqe, hint, byName, known)),
  });
  Yasqe.registerAutocompleter(completer("classes", known.classes, afterType));
  Yasqe.registerAutocompleter(completer("properties", known.properties, isProperty));
  Yasqe.registerAutocompleter(completer("graphs", known.graphs.map((iri) => ({ iri, name: "", label: "" })), afterGraph));
  Yasqe.registerAutocompleter({
    name: "prefixes",
    bulk: false,
    autoShow: true,
    persistenceId: null,
    isValidCompletionPosition: (yasqe) => /^\s*PREFIX\s+\S*$/i.test(before(yasqe)),
    get: (_, token) => Object.entries(known.prefixes)
      .map(([name, iri]) => `${name}: <${iri}>`)
      .filter((line) => line.startsWith((token?.string ?? "").trim().replace(/^prefix$/i, ""))),
  });
}

/** Words of the label count as well as the start of the name: « fonds » finds collex:Fonds. */
function find(terms, typed) {
  const wanted = fold(typed);
  const rank = (term) => {
    const name = fold(term.name || term.iri);
    if (name.split(":").at(-1).startsWith(wanted) || (wanted.includes(":") && name.startsWith(wanted))) {
      return 0;
    }
    return name.includes(wanted) || fold(term.label).includes(wanted) ? 1 : 2;
  };
  return terms
    .map((term) => [rank(term), term])
    .filter(([order]) => order < 2)
    .sort(([a], [b]) => a - b)
    .slice(0, 60)
    .map(([, term]) => term.name || `<${term.iri}>`);
}

function describe(yasqe, hint, byName, known) {
  const term = byName.get(hint.text);
  if (!term) {
    return hint;
  }
  return {
    ...hint,
    displayText: undefined,
    render: (element) => {
      const label = document.createElement("span");
      label.className = "hint-label";
      label.textContent = `${term.label} · ${term.count.toLocaleString(document.documentElement.lang)}`;
      element.append(hint.text, " ", label);
    },
    hint: (editor, data) => {
      editor.replaceRange(hint.text, hint.from ?? data.from, hint.to ?? data.to, "complete");
      declare(yasqe, hint.text, known);
    },
  };
}

/** Adds the PREFIX line that a completed name needs. */
function declare(yasqe, text, known) {
  const [prefix, local] = text.split(":");
  if (local !== undefined && known.prefixes[prefix] && !yasqe.getPrefixesFromQuery()[prefix]) {
    yasqe.addPrefixes({ [prefix]: known.prefixes[prefix] });
  }
}

function before(yasqe) {
  const { line, ch } = yasqe.getDoc().getCursor();
  return yasqe.getDoc().getLine(line).slice(0, ch);
}

function afterType(yasqe) {
  return /(?:\ba|rdf:type)\s+\S*$/.test(before(yasqe));
}

function afterGraph(yasqe) {
  return /\b(?:GRAPH|FROM|FROM\s+NAMED)\s+\S*$/i.test(before(yasqe));
}

function isProperty(yasqe) {
  return !afterType(yasqe) && !afterGraph(yasqe) && /(?:[?$]\w+|>|\w:\w+|;|\/|\^|\|)\s+\S*$|;\s*\S*$/.test(before(yasqe));
}

function fold(text) {
  return text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
}
