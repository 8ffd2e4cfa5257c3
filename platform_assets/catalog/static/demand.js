// What pages of demand do beyond links and forms: offering what is there while somebody types,
// and triage by keyboard. Everything works without it.
"use strict";

// On a phone the tabs are wider than the page: they begin where the current one is.
for (const tab of document.querySelectorAll(".subnav [aria-current]")) {
  const bar = tab.parentElement;
  bar.scrollLeft = tab.offsetLeft - bar.offsetLeft - (bar.clientWidth - tab.offsetWidth) / 2;
}

// Below the sentence: reports and tables that may answer it, requests that ask for the same.
for (const form of document.querySelectorAll("[data-ask]")) {
  const box = form.elements.title, place = form.querySelector("[data-alike]");
  const text = (name, className, words) => {
    const made = document.createElement(name);
    if (className) made.className = className;
    made.textContent = words;
    return made;
  };
  const linked = (found, label, ...more) => {
    const item = document.createElement("li"), link = document.createElement("a");
    link.href = found.url;
    link.append(text("strong", "", label));
    item.append(link, " ", ...more);
    return item;
  };
  const asset = (found) => linked(found, found.label, text("span", `kind ${found.kind}`, found.layer || found.kind), text("span", "muted", found.summary));
  const request = (found) => {
    const answered = found.answer ? ` · answered by ${found.answer.label}` : "";
    const item = linked(found, found.title, text("span", `state ${found.state}`, found.state_words), text("span", "muted", `${found.asked} ${found.asked === 1 ? "person" : "people"} asked${answered}`));
    if (found.state === "new" || found.state === "accepted") {
      const join = text("button", "quiet", "I need this too");
      join.append(text("span", "unseen", `: ${found.title}`));
      join.formNoValidate = true;
      join.setAttribute("formaction", `/catalog/request/${found.number}/vote`);
      item.append(join);
    }
    return item;
  };
  let newest = 0;
  const look = later(180, async () => {
    const typed = box.value.trim(), turn = ++newest;
    place.setAttribute("aria-busy", "true");
    const answer = await fetch(`/catalog/ask/similar.json?${new URLSearchParams({ q: typed })}`);
    if (turn !== newest) return;
    place.removeAttribute("aria-busy");
    if (!answer.ok) return;
    const { assets, requests } = await answer.json();
    const items = [...assets.map(asset), ...requests.map(request)];
    const list = document.createElement("ul");
    list.append(...items);
    const none = typed ? "Nothing like it: ask for it." : "Reports, tables and requests that come near appear here while you type.";
    place.replaceChildren(text("h2", "", "Is it here already?"), items.length ? list : text("p", "muted", none));
  });
  box.addEventListener("input", look);
}

// In a text of several lines, Ctrl-Enter sends.
document.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && event.target.matches("textarea") && event.target.form?.method === "post") {
    event.preventDefault();
    event.target.form.requestSubmit();
  }
});

// A form is sent once, however often its button is pressed.
for (const form of document.querySelectorAll("form[method=post]")) {
  form.addEventListener("submit", (event) => {
    if (form.dataset.sent) event.preventDefault();
    form.dataset.sent = "yes";
  });
}
addEventListener("pageshow", () => { for (const form of document.querySelectorAll("[data-sent]")) delete form.dataset.sent; });

// Triage: one case has the focus; a letter opens its form, whose first field then has it.
for (const list of document.querySelectorAll("[data-triage]")) {
  const cases = [...list.children];
  const here = () => Math.max(0, cases.findIndex((each) => each.contains(document.activeElement)));
  const go = (to) => {
    const found = cases[Math.min(Math.max(to, 0), cases.length - 1)];
    found.focus({ preventScroll: true });
    found.scrollIntoView({ block: "nearest" });
  };
  const focused = () => cases.some((each) => each.contains(document.activeElement));
  const open = (act) => {
    for (const other of act.parentElement.querySelectorAll("details.act")) other.open = other === act;
    act.querySelector("input:not([type=hidden]), select, textarea")?.focus();
  };
  document.addEventListener("keydown", (event) => {
    const typing = event.target.closest("input, textarea, select");
    if (event.key === "Escape" && focused()) {
      const current = cases[here()];
      for (const act of current.querySelectorAll("details.act[open]")) act.open = false;
      current.focus();
    }
    if (typing || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "j") { event.preventDefault(); go(focused() ? here() + 1 : 0); return; }
    if (event.key === "k") { event.preventDefault(); go(here() - 1); return; }
    if (event.key === "Enter" && cases.includes(event.target)) { location.assign(event.target.dataset.url); return; }
    const act = cases[here()].querySelector(`details.act[data-key="${CSS.escape(event.key)}"]`);
    if (act) { event.preventDefault(); open(act); }
  });
  for (const act of list.querySelectorAll("details.act")) {
    act.querySelector("summary").addEventListener("click", (event) => {
      if (!act.open) { event.preventDefault(); open(act); }
    });
  }
  const failed = list.querySelector("details.act[open]");
  if (failed) open(failed);
  else (cases.find((each) => `#${each.id}` === location.hash) || cases[0]).focus({ preventScroll: !location.hash });
}
