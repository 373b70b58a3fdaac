// Makes the gallery quicker to use: arrow keys and swipes between photos, prints added
// without a new page, the cut shown on the proof, sums that follow what is chosen.
// Every page is whole without it.

// --- from photo to photo ---

const neighbour = (rel) => document.querySelector(`.proof a[rel="${rel}"]`);

const isTyping = (element) =>
  element.closest("input, select, textarea, [contenteditable]") !== null;

document.addEventListener("keydown", (event) => {
  if (event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
  if (event.target instanceof Element && isTyping(event.target)) return;
  const rel = { ArrowLeft: "prev", ArrowRight: "next" }[event.key];
  if (rel) neighbour(rel)?.click();
});

const SWIPE_PX = 60;

function swipes(picture) {
  let start = null;
  picture.addEventListener("touchstart", (event) => {
    start = event.touches.length === 1 ? event.touches[0] : null;
  }, { passive: true });
  picture.addEventListener("touchend", (event) => {
    if (!start || event.touches.length > 0 || window.visualViewport?.scale > 1) return;
    const end = event.changedTouches[0];
    const across = end.clientX - start.clientX;
    const along = end.clientY - start.clientY;
    start = null;
    if (Math.abs(across) < SWIPE_PX || Math.abs(across) < 2 * Math.abs(along)) return;
    neighbour(across > 0 ? "prev" : "next")?.click();
  }, { passive: true });
}

function fillsScreen(mat) {
  if (!mat.requestFullscreen) return;
  mat.addEventListener("click", () => {
    if (document.fullscreenElement) document.exitFullscreen();
    else mat.requestFullscreen();
  });
}

// --- quick adding ---

function showInBasket(tile, answer) {
  const bar = answer.querySelector("#basket-bar");
  const old = document.querySelector("#basket-bar");
  if (bar && old) old.replaceWith(bar);
  const label = answer.querySelector(".basket-label");
  const link = document.querySelector('header nav a[href$="/basket"]');
  if (label && link) link.textContent = label.textContent;
  const mark = answer.querySelector("span.mark");
  tile.querySelector(".mark")?.remove();
  if (mark) tile.querySelector("a").after(mark);
}

async function quickAdd(event) {
  event.preventDefault();
  const form = event.currentTarget;
  const button = form.querySelector("button");
  const fields = new URLSearchParams(new FormData(form));
  fields.set("fragment", "yes");
  button.setAttribute("aria-busy", "true");
  button.disabled = true;
  try {
    const answer = await fetch(form.action, {
      method: "POST",
      body: fields,
      headers: { Accept: "text/html" },
      credentials: "same-origin",
      signal: AbortSignal.timeout(20_000),
    });
    if (!answer.ok || answer.redirected) throw new Error(String(answer.status));
    const parsed = new DOMParser().parseFromString(await answer.text(), "text/html");
    showInBasket(form.closest(".tile"), parsed);
  } catch {
    // The way without a script says what is wrong.
    form.submit();
  } finally {
    button.disabled = false;
    button.removeAttribute("aria-busy");
    button.focus({ preventScroll: true });
  }
}

// --- the cut on the proof ---

// What of the mat stays to be seen around a sheet.
const RIM_PX = 8;

class Crop {
  constructor(form, mat) {
    this.form = form;
    this.mat = mat;
    this.image = mat.querySelector("img");
    this.drawn = [];
    form.addEventListener("change", () => this.draw());
    this.image.addEventListener("load", () => this.draw());
    new ResizeObserver(() => this.draw()).observe(this.image);
  }

  chosen() {
    const print = this.form.querySelector("input[name=print]:checked");
    const size = print?.closest(".size");
    const crop = this.form.querySelector("input[name=crop]:checked")?.value;
    if (!size || !crop) return null;
    return { short: Number(size.dataset.short), long: Number(size.dataset.long), crop };
  }

  // Width to height of the paper, which turns with the photo.
  paper(chosen, width, height) {
    return width >= height ? chosen.long / chosen.short : chosen.short / chosen.long;
  }

  draw() {
    for (const element of this.drawn) element.remove();
    this.drawn = [];
    this.mat.classList.remove("has-sheet");
    this.image.style.transform = "";
    const chosen = this.chosen();
    const { offsetWidth: width, offsetHeight: height } = this.image;
    if (!chosen || width === 0 || height === 0) return;
    const paper = this.paper(chosen, width, height);
    if (Math.abs(paper / (width / height) - 1) < 0.01) return;
    if (chosen.crop === "fill") this.drawCut(paper, width, height);
    else this.drawSheet(paper, width, height);
  }

  drawCut(paper, width, height) {
    const acrossPx = Math.max(0, (width - height * paper) / 2);
    const alongPx = Math.max(0, (height - width / paper) / 2);
    if (acrossPx > 0) {
      this.add("cut", 0, 0, acrossPx, height);
      this.add("cut", width - acrossPx, 0, acrossPx, height);
    } else {
      this.add("cut", 0, 0, width, alongPx);
      this.add("cut", 0, height - alongPx, width, alongPx);
    }
  }

  // The photo shrinks where its white border would not fit on the mat.
  drawSheet(paper, width, height) {
    const wholeWidth = Math.max(width, height * paper);
    const wholeHeight = Math.max(height, width / paper);
    const { clientWidth, clientHeight } = this.mat;
    const scale = Math.min(1, (clientWidth - 2 * RIM_PX) / wholeWidth, (clientHeight - 2 * RIM_PX) / wholeHeight);
    const [sheetWidth, sheetHeight] = [wholeWidth * scale, wholeHeight * scale];
    this.image.style.transform = `scale(${scale})`;
    this.mat.classList.add("has-sheet");
    this.add("sheet", (width - sheetWidth) / 2, (height - sheetHeight) / 2, sheetWidth, sheetHeight);
  }

  add(kind, left, top, width, height) {
    const element = document.createElement("span");
    element.className = kind;
    element.setAttribute("aria-hidden", "true");
    element.style.left = `${this.image.offsetLeft + left}px`;
    element.style.top = `${this.image.offsetTop + top}px`;
    element.style.width = `${width}px`;
    element.style.height = `${height}px`;
    this.mat.append(element);
    this.drawn.push(element);
  }
}

// --- basket and checkout ---

function quantityFollows(form) {
  form.querySelector("button").hidden = true;
  form.addEventListener("change", () => {
    if (form.reportValidity()) form.requestSubmit();
  });
}

function checkoutFollows(form) {
  const address = form.querySelector("#address-field");
  const show = () => {
    const delivery = form.querySelector("input[name=delivery]:checked");
    if (!delivery) return;
    form.querySelector("[data-sum-delivery]").textContent = delivery.dataset.price;
    form.querySelector("[data-sum-total]").textContent = delivery.dataset.total;
    form.querySelector("[data-checkout-sum]").hidden = false;
    if (!address) return;
    const isNeeded = delivery.dataset.needsAddress === "yes";
    address.hidden = !isNeeded;
    address.querySelector("textarea").required = isNeeded;
  };
  form.addEventListener("change", show);
  show();
}

for (const form of document.querySelectorAll("form[data-quick]")) {
  form.addEventListener("submit", quickAdd);
}
for (const form of document.querySelectorAll("form[data-quantity]")) quantityFollows(form);
for (const form of document.querySelectorAll("form[data-checkout]")) checkoutFollows(form);

const mat = document.querySelector(".proof .mat");
const print = document.querySelector("form[data-print]");
if (mat) {
  swipes(mat);
  fillsScreen(mat);
}
if (mat && print) new Crop(print, mat);

// The chosen category may be out of sight on a phone.
const tab = document.querySelector(".tabs [aria-current]");
const tabs = tab?.closest("ul");
if (tabs) {
  const [own, all] = [tab.getBoundingClientRect(), tabs.getBoundingClientRect()];
  tabs.scrollLeft += (own.left + own.right - all.left - all.right) / 2;
}
