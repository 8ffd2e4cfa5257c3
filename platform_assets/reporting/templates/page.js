(function () {
  "use strict";
  var root = document.documentElement;

  // Older than it may be: said here, because the file itself can't change.
  var age = (Date.now() - Date.parse(root.dataset.made)) / 1000;
  var limit = Number(root.dataset.warn || root.dataset.fail || Infinity);
  if (age > limit) {
    var hours = Math.round(age / 3600);
    var old = hours < 72 ? hours + " hours" : Math.round(hours / 24) + " days";
    var box = document.getElementById("old");
    var overdue = age > Number(root.dataset.fail || Infinity);
    box.className = "banner " + (overdue ? "bad-banner" : "warn-banner");
    box.querySelector("h2").textContent = overdue ?
      "This page is out of date" : "A newer edition of this page is due";
    box.querySelector("p").textContent = "It was made " + old + " ago" +
      (overdue ? "; it is to be " + root.dataset.policy : "") +
      ". Look for the newest edition, or ask its owner, before you rely on these numbers.";
    box.hidden = false;
    var fresh = document.getElementById("fresh");
    if (fresh) {
      fresh.textContent = "! made " + old + " ago";
      fresh.className = "warn";
    }
  }

  // A click on a heading sorts: first numbers downwards, words upwards, then the other way.
  function key(cell) {
    return cell.dataset.v !== undefined ? cell.dataset.v : cell.textContent.trim();
  }
  function compare(a, b, numeric) {
    var x = key(a), y = key(b);
    var noX = x === "" || x === "–", noY = y === "" || y === "–";
    if (noX || noY) return noX && noY ? 0 : noX ? Infinity : -Infinity;
    return numeric ? x - y : x.localeCompare(y, "en", { numeric: true });
  }
  function sort(table, index, head) {
    var numeric = head.classList.contains("num");
    var down = head.getAttribute("aria-sort") ?
      head.getAttribute("aria-sort") === "ascending" : numeric;
    var rows = Array.from(table.tBodies[0].rows);
    rows.sort(function (a, b) {
      var order = compare(a.cells[index], b.cells[index], numeric);
      return Math.abs(order) === Infinity ? order : down ? -order : order;
    });
    table.querySelectorAll("th[aria-sort]").forEach(function (th) {
      th.removeAttribute("aria-sort");
    });
    head.setAttribute("aria-sort", down ? "descending" : "ascending");
    table.tBodies[0].append.apply(table.tBodies[0], rows);
  }
  document.querySelectorAll("table.sortable").forEach(function (table) {
    Array.from(table.tHead.rows[0].cells).forEach(function (head, index) {
      var button = document.createElement("button");
      button.type = "button";
      button.append.apply(button, Array.from(head.childNodes));
      button.addEventListener("click", function () { sort(table, index, head); });
      head.append(button);
    });
  });

  // Each number leads to its explanation, where the catalog is that made it. A table is one stop
  // of the tab key for each column, not one for each cell.
  function explain(box, of, stop) {
    var link = document.createElement("a");
    link.className = "why";
    link.href = root.dataset.explain + "/" + of.split("/").map(encodeURIComponent).join("/");
    link.target = "_blank";
    link.rel = "noopener";
    link.title = "Explain this number";
    if (!stop) link.tabIndex = -1;
    link.append.apply(link, Array.from(box.childNodes));
    box.append(link);
  }
  function cells(table, of, index) {
    Array.from(table.querySelectorAll("tbody tr, tfoot tr")).slice(0, 300).forEach(function (row, n) {
      Array.from(row.cells).forEach(function (cell, at) {
        var wanted = index === undefined ? cell.classList.contains("square") : at === index;
        if (wanted && /\d/.test(cell.textContent)) {
          explain(cell.querySelector(".amount") || cell, of, n === 0);
        }
      });
    });
  }
  if (root.dataset.explain && /^https?:$/.test(location.protocol)) {
    document.querySelectorAll("[data-e]").forEach(function (box) {
      var of = box.dataset.e;
      if (box.tagName === "TH") cells(box.closest("table"), of, box.cellIndex);
      else if (box.tagName === "TABLE") cells(box, of);
      else if (/\d/.test(box.textContent)) explain(box, of, true);
    });
  }

  // Filters need a server: in a file that was mailed there are only the values in force.
  var form = document.getElementById("filters");
  if (form && /^https?:$/.test(location.protocol)) {
    var apply = function (event) {
      event.preventDefault();
      location.assign(form.getAttribute("action") + "?" + new URLSearchParams(new FormData(form)));
    };
    form.addEventListener("submit", apply);
    form.addEventListener("keydown", function (event) {
      if (event.key === "Enter") apply(event);
    });
    form.querySelector("button").addEventListener("click", apply);
    form.hidden = false;
    document.getElementById("chosen").hidden = true;
  }
})();
