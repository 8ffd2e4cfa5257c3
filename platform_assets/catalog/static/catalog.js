// What the pages do beyond links and forms: suggestions, live search, lineage, copying.
// Everything works without it, except that a form has to be sent.
"use strict";
document.documentElement.classList.add("js");

const later = (milliseconds, work) => {
  let timer;
  return (...given) => {
    clearTimeout(timer);
    timer = setTimeout(() => work(...given), milliseconds);
  };
};

document.addEventListener("keydown", (event) => {
  const typing = event.target.closest("input, textarea, select, [contenteditable]");
  if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey) {
    const box = document.querySelector("input[type=search]");
    if (box) { event.preventDefault(); box.focus(); box.select(); }
  }
});

// Suggestions below a search box: the best matches, reached with the arrow keys.
for (const box of document.querySelectorAll("[data-suggest]")) {
  const list = document.createElement("div");
  list.className = "suggestions";
  list.id = "suggestions";
  list.setAttribute("role", "listbox");
  list.setAttribute("aria-label", "Best matches");
  list.hidden = true;
  box.parentElement.append(list);
  box.setAttribute("role", "combobox");
  box.setAttribute("aria-controls", list.id);
  box.setAttribute("aria-expanded", "false");
  let chosen = -1, newest = 0;
  const show = (open) => { list.hidden = !open; box.setAttribute("aria-expanded", String(open)); };
  const choose = (to) => {
    const links = list.querySelectorAll("a");
    chosen = links.length ? (to + links.length) % links.length : -1;
    links.forEach((link, at) => link.setAttribute("aria-selected", String(at === chosen)));
    if (chosen >= 0) box.setAttribute("aria-activedescendant", links[chosen].id);
  };
  const ask = later(60, async () => {
    const text = box.value.trim(), turn = ++newest;
    if (!text) { show(false); return; }
    const answer = await fetch(`/catalog/suggest.json?q=${encodeURIComponent(text)}`);
    if (!answer.ok || turn !== newest) return;
    const { results } = await answer.json();
    list.replaceChildren(...results.map((found, at) => {
      const link = document.createElement("a");
      link.href = found.url;
      link.id = `suggestion-${at}`;
      link.setAttribute("role", "option");
      const what = document.createElement("span");
      what.className = "muted";
      what.textContent = `${found.kind} · ${found.summary}`;
      link.append(found.label, what);
      return link;
    }));
    chosen = -1;
    box.removeAttribute("aria-activedescendant");
    show(results.length > 0 && document.activeElement === box);
  });
  box.addEventListener("input", ask);
  box.addEventListener("focus", () => show(list.childElementCount > 0 && box.value.trim() !== ""));
  box.addEventListener("blur", () => setTimeout(() => show(false), 150));
  box.addEventListener("keydown", (event) => {
    if (event.key === "Escape") show(false);
    if (list.hidden) return;
    if (event.key === "ArrowDown") { event.preventDefault(); choose(chosen + 1); }
    if (event.key === "ArrowUp") { event.preventDefault(); choose(chosen < 0 ? -1 : chosen - 1); }
    if (event.key === "Enter" && chosen >= 0) { event.preventDefault(); list.querySelectorAll("a")[chosen].click(); }
  });
}

// Results follow the typing, and the address follows the results.
const replaceResults = async (address) => {
  const answer = await fetch(address);
  if (!answer.ok) return;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  document.querySelector("#results").replaceWith(page.querySelector("#results"));
  history.replaceState(null, "", address);
  watchFacets();
};
const watchFacets = () => {
  for (const form of document.querySelectorAll("[data-facets]")) {
    form.addEventListener("change", () => {
      const box = document.querySelector("[data-live]");
      if (box) form.elements.q.value = box.value;
      location.assign(`/catalog/search?${new URLSearchParams(new FormData(form))}`);
    });
  }
};
for (const box of document.querySelectorAll("[data-live]")) {
  box.addEventListener("input", later(120, () => {
    replaceResults(`/catalog/search?${new URLSearchParams(new FormData(box.form))}`);
  }));
}
watchFacets();

// Lineage is drawn anew with as many steps as are asked for.
for (const form of document.querySelectorAll("[data-lineage]")) {
  const drawing = form.parentElement.querySelector(".drawing");
  const centre = () => {
    const here = drawing.querySelector(".here rect");
    if (here) drawing.scrollTo({ left: here.x.baseVal.value + 104 - drawing.clientWidth / 2 + 18, top: here.y.baseVal.value - drawing.clientHeight / 2 + 22 });
  };
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("input", later(150, async () => {
    const steps = new URLSearchParams(new FormData(form));
    const answer = await fetch(`/catalog/lineage/${form.dataset.lineage.split("/").map(encodeURIComponent).join("/")}.svg?${steps}`);
    if (!answer.ok) return;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    drawing.replaceChildren(...page.body.childNodes);
    centre();
  }));
  centre();
}

for (const button of document.querySelectorAll("[data-copy]")) {
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(button.dataset.copy);
    button.textContent = "copied";
  });
}

// A drawing of columns begins where the column itself is.
for (const drawing of document.querySelectorAll("[data-centre]")) {
  const here = drawing.querySelector(".here rect");
  if (here) drawing.scrollTo({ left: here.x.baseVal.value + 104 - drawing.clientWidth / 2 + 18, top: here.y.baseVal.value - drawing.clientHeight / 2 + 22 });
}

// On paper nothing can be opened: everything is.
for (const button of document.querySelectorAll("[data-print]")) {
  button.hidden = false;
  button.addEventListener("click", () => print());
}
let opened = [];
addEventListener("beforeprint", () => {
  opened = [...document.querySelectorAll(".way details:not([open]), .bare:not([open])")];
  for (const one of opened) one.open = true;
});
addEventListener("afterprint", () => { for (const one of opened) one.open = false; });

// What the warehouse has to be asked for comes after the page, one after the other.
(async () => {
  for (const place of document.querySelectorAll("[data-load]")) {
    const waiting = document.createElement("p");
    waiting.className = "muted";
    waiting.textContent = "Reading …";
    place.replaceChildren(waiting);
    const answer = await fetch(place.dataset.load);
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const told = page.querySelector("[data-fragment]") || page.querySelector(".lead");
    place.replaceChildren(told || waiting);
  }
})();
