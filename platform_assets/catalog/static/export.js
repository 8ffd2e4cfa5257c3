// Search in an exported catalog: no server, so the whole index is a script beside the pages.
"use strict";
document.documentElement.classList.add("js");
document.addEventListener("keydown", (event) => {
  if (event.key === "/" && !event.target.closest("input, textarea, select")) {
    const box = document.querySelector("input[type=search]");
    if (box) { event.preventDefault(); box.focus(); box.select(); }
  }
});
for (const place of document.querySelectorAll("[data-offline-search]")) {
  const box = document.querySelector("#q");
  const score = (entry, words) => {
    let sum = 0;
    for (const word of words) {
      const label = entry.label.toLowerCase();
      const found = label === word ? 40 : label.includes(word) ? 20 : entry.key.toLowerCase().includes(word) ? 12
        : entry.words.toLowerCase().includes(word) ? 6 : entry.what.toLowerCase().includes(word) ? 3 : 0;
      if (!found) return 0;
      sum += found;
    }
    return sum * (1 + 0.25 * Math.log1p(entry.weight));
  };
  const show = () => {
    const words = box.value.toLowerCase().split(/[\s_]+/).filter(Boolean);
    const found = window.CATALOG.map((entry) => [words.length ? score(entry, words) : 1 + entry.weight, entry])
      .filter(([points]) => points > 0).sort((a, b) => b[0] - a[0]);
    const heading = document.createElement("h1");
    heading.textContent = `${found.length} ${found.length === 1 ? "result" : "results"}`;
    const list = document.createElement("ol");
    list.className = "results";
    for (const [, entry] of found.slice(0, 100)) {
      const item = document.createElement("li"), title = document.createElement("h2");
      const link = document.createElement("a"), kind = document.createElement("span");
      const what = document.createElement("p");
      link.href = entry.file;
      link.textContent = entry.label;
      kind.className = "kind";
      kind.textContent = entry.kind;
      what.textContent = entry.what;
      title.append(link, kind);
      item.append(title, what);
      list.append(item);
    }
    place.replaceChildren(heading, list);
  };
  box.value = new URLSearchParams(location.search).get("q") || "";
  box.addEventListener("input", show);
  show();
}
