// The query page: suggestions while typing, Ctrl-Enter, results without a new page.
"use strict";
for (const form of document.querySelectorAll("[data-query]")) {
  const box = form.elements.sql;
  const list = document.createElement("div");
  list.className = "suggestions below";
  list.id = "completions";
  list.setAttribute("role", "listbox");
  list.setAttribute("aria-label", "Suggestions");
  list.hidden = true;
  box.after(list);
  box.setAttribute("aria-controls", list.id);
  box.setAttribute("aria-autocomplete", "list");
  let chosen = 0, newest = 0, running = 0;

  const close = () => { list.hidden = true; box.removeAttribute("aria-activedescendant"); };
  const word = () => (box.value.slice(0, box.selectionStart).match(/[\w.]+$/) || [""])[0];
  const options = () => [...list.children];
  const choose = (to) => {
    const all = options();
    chosen = (to + all.length) % all.length;
    all.forEach((each, at) => each.setAttribute("aria-selected", String(at === chosen)));
    box.setAttribute("aria-activedescendant", all[chosen].id);
    all[chosen].scrollIntoView({ block: "nearest" });
  };
  const take = (at) => {
    const end = box.selectionStart;
    box.setRangeText(options()[at].dataset.text, end - word().length, end, "end");
    close();
    box.focus();
  };
  const ask = later(70, async () => {
    const given = word(), turn = ++newest;
    if (given.length < 2 || box.selectionStart !== box.selectionEnd) { close(); return; }
    const answer = await fetch(`/catalog/complete.json?${new URLSearchParams({ word: given, sql: box.value.slice(0, 8000) })}`);
    if (!answer.ok || turn !== newest || given !== word()) return;
    const { suggestions } = await answer.json();
    const useful = suggestions.filter((each) => each.text !== given);
    list.replaceChildren(...useful.map((each, at) => {
      const option = document.createElement("div");
      option.id = `completion-${at}`;
      option.setAttribute("role", "option");
      option.dataset.text = each.text;
      const name = document.createElement("code");
      name.textContent = each.text;
      const what = document.createElement("span");
      what.className = "muted";
      what.textContent = `${each.kind} ${each.what ? "· " + each.what : ""}`;
      option.append(name, what);
      option.addEventListener("mousedown", (event) => { event.preventDefault(); take(at); });
      return option;
    }));
    list.hidden = useful.length === 0;
    if (useful.length) choose(0); else close();
  });

  const run = async () => {
    close();
    if (!box.value.trim()) return;
    const address = `/catalog/query?${new URLSearchParams({ sql: box.value })}`;
    const turn = ++running, result = document.querySelector("#result");
    result.setAttribute("aria-busy", "true");
    form.querySelector("button").textContent = "Running …";
    const answer = await fetch(address);
    if (turn !== running) return;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const told = page.querySelector("#result") || page.querySelector("main");
    const made = page.querySelector("#make");
    result.replaceChildren(...told.childNodes);
    result.removeAttribute("aria-busy");
    form.querySelector("button").textContent = "Run";
    document.querySelector("#make")?.remove();
    if (made) result.after(made);
    history.replaceState(null, "", address);
  };
  form.addEventListener("submit", (event) => { event.preventDefault(); run(); });
  box.addEventListener("input", ask);
  box.addEventListener("blur", close);
  box.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) { event.preventDefault(); run(); return; }
    if (list.hidden) return;
    if (event.key === "Escape") { event.preventDefault(); close(); }
    if (event.key === "ArrowDown") { event.preventDefault(); choose(chosen + 1); }
    if (event.key === "ArrowUp") { event.preventDefault(); choose(chosen - 1); }
    if (event.key === "Tab" && !event.shiftKey) { event.preventDefault(); take(chosen); }
  });
}
