// Paint on a frame: one layer, one colour, at the video's own size. Everything drawn is a list that is drawn again on undo.
const { texts } = props;
const TOOLS = {
  brush: "M4 20c3 0 4-1.5 4-3.5a2.5 2.5 0 0 0-5 0C3 18 2.5 19 2 19.5 2.6 19.8 3.3 20 4 20zM9 14 19 3l2 2-10 11z",
  eraser: "M9 20 3 14 13 4l7 7-9 9zm-2.5-9.5 7 7M9 20h11",
  box: "M4 6h16v12H4z",
  ellipse: "M12 6c5 0 9 2.7 9 6s-4 6-9 6-9-2.7-9-6 4-6 9-6z",
};
const COLOUR = "#ff6000";
const STORE = "soundini-paint";
let tool = "brush";
let drawn = [];
let base = null;
let stroke = null;
let cursor = null;
let byKeys = false;
let changed = false;

const picture = make("img", { alt: "", draggable: "false" });
const layer = make("canvas", { class: "paint" });
const above = make("canvas", { class: "above", tabindex: "0", role: "application", "aria-label": texts.canvas });
const stage = make("div", { class: "stage" }, picture, layer, above);
const empty = make("p", { class: "empty" }, icon("M4 5h16v12H4zM8 21h8M12 17v4"), texts.empty);
const size = make("input", { type: "range", min: "2", max: "60", value: "16", "aria-label": texts.size });
const press = {};
for (const [name, path] of Object.entries(TOOLS))
  press[name] = make("button", { type: "button", class: "tool", "aria-pressed": String(name === tool), title: texts[name], onclick: () => pick(name) }, icon(path), make("span", {}, texts[name]));
const undo = make("button", { type: "button", class: "tool", title: texts.undo, "aria-label": texts.undo, onclick: () => { drawn.pop(); touch(); } }, icon("M9 14 4 9l5-5M4 9h10a6 6 0 0 1 0 12h-3"));
const clear = make("button", { type: "button", class: "tool", title: texts.clear, "aria-label": texts.clear, onclick: () => { drawn = []; base = null; touch(); } }, icon("M5 7h14M10 7V4h4v3M7 7l1 13h8l1-13"));
const bar = make("div", { class: "toolbar", role: "toolbar", "aria-label": texts.tools }, ...Object.values(press), make("label", { class: "size" }, make("span", {}, texts.size), size), undo, clear);
const numbers = ["left", "top", "width", "height"].map((name, place) =>
  make("input", { type: "number", min: "0", max: "100", step: "any", value: [30, 30, 40, 40][place], "aria-label": texts[name] }));
const exact = make("details", { class: "exact" }, make("summary", {}, texts.exact),
  make("div", { class: "exact-row" },
    ...numbers.map((field) => make("label", {}, make("span", {}, field.getAttribute("aria-label")), field)),
    ...["box", "ellipse"].map((name) => make("button", { type: "button", class: "quiet", onclick: () => drawNumbers(name) }, texts[`draw_${name}`]))));
const keep = make("button", { type: "button", class: "quiet", onclick: () => trigger("submit", { action: "keep" }) }, texts.keep);
const chips = make("ul", { class: "chips", "aria-label": texts.keyframes });
const scrub = make("input", { type: "range", min: "0", step: "1", value: "0", "aria-label": texts.scrub });
const where = make("output", { class: "clock" });
const film = make("label", { class: "scrub" }, make("span", {}, texts.scrub), scrub, where);
const said = make("p", { class: "hint", "aria-live": "polite" });
const help = make("p", { class: "hint" }, texts.help);
element.querySelector(".painter").append(empty, bar, stage, film, make("div", { class: "keyframes" }, keep, chips), said, help, exact);

const pick = (name) => {
  tool = name;
  for (const [other, button] of Object.entries(press)) button.setAttribute("aria-pressed", String(other === name));
};
const width = () => (Number(size.value) / 100) * Math.min(layer.width, layer.height);
const trace = (pen, item) => {
  pen.globalCompositeOperation = item.tool === "eraser" ? "destination-out" : "source-over";
  pen.fillStyle = pen.strokeStyle = COLOUR;
  const [first] = item.points;
  const last = item.points[item.points.length - 1];
  pen.beginPath();
  if (item.tool === "box") pen.rect(Math.min(first[0], last[0]), Math.min(first[1], last[1]), Math.abs(last[0] - first[0]), Math.abs(last[1] - first[1]));
  else if (item.tool === "ellipse") pen.ellipse((first[0] + last[0]) / 2, (first[1] + last[1]) / 2, Math.abs(last[0] - first[0]) / 2, Math.abs(last[1] - first[1]) / 2, 0, 0, 2 * Math.PI);
  else {
    pen.lineWidth = item.width;
    pen.lineCap = pen.lineJoin = "round";
    pen.moveTo(...first);
    for (const point of item.points) pen.lineTo(...point);
    if (item.points.length === 1) pen.lineTo(first[0] + 0.01, first[1]);
    return pen.stroke();
  }
  return pen.fill();
};
const redraw = () => {
  const pen = layer.getContext("2d");
  pen.globalCompositeOperation = "source-over";
  pen.clearRect(0, 0, layer.width, layer.height);
  if (base) pen.drawImage(base, 0, 0, layer.width, layer.height);
  for (const item of drawn) trace(pen, item);
  if (stroke) trace(pen, stroke);
};
const aim = () => {
  const pen = above.getContext("2d");
  pen.clearRect(0, 0, above.width, above.height);
  if (!cursor) return;
  const unit = above.width / (above.clientWidth || above.width);
  for (const [colour, thick] of [["#000", 3], ["#fff", 1.5]]) {
    pen.strokeStyle = colour;
    pen.lineWidth = thick * unit;
    pen.beginPath();
    if (tool === "brush" || tool === "eraser") pen.arc(cursor[0], cursor[1], width() / 2, 0, 2 * Math.PI);
    if (byKeys || tool === "box" || tool === "ellipse")
      for (const [dx, dy] of [[1, 0], [0, 1]]) {
        pen.moveTo(cursor[0] - 9 * dx * unit, cursor[1] - 9 * dy * unit);
        pen.lineTo(cursor[0] + 9 * dx * unit, cursor[1] + 9 * dy * unit);
      }
    pen.stroke();
  }
};
const settle = () => {
  stroke = null;
  redraw();
  const any = Boolean(base) || drawn.some((item) => item.tool !== "eraser");
  const mask = any ? layer.toDataURL("image/png") : "";
  undo.disabled = drawn.length === 0;
  clear.disabled = keep.disabled = !any;
  props.value = { mask, changed };
  try {
    sessionStorage.setItem(STORE, JSON.stringify({ video: props.scene.video, mask }));
  } catch {
    sessionStorage.removeItem(STORE);
  }
};
const touch = () => {
  changed = true;
  settle();
};
const load = (source, then) => {
  const image = new Image();
  image.onload = () => then(image);
  image.src = source;
};
const begin = (point) => {
  stroke = { tool, width: width(), points: [point] };
  redraw();
};
const finish = () => {
  if (!stroke) return;
  drawn.push(stroke);
  touch();
};
const drawNumbers = (name) => {
  const [left, top, wide, high] = numbers.map((field) => Number(field.value) / 100);
  const corners = [[left, top], [left + wide, top + high]].map(([x, y]) => [x * layer.width, y * layer.height]);
  drawn.push({ tool: name, width: 0, points: corners });
  touch();
};
const at = (event) => {
  const place = above.getBoundingClientRect();
  return [((event.clientX - place.left) / place.width) * layer.width, ((event.clientY - place.top) / place.height) * layer.height];
};

above.addEventListener("pointerdown", (event) => {
  if (event.button !== 0) return;
  above.setPointerCapture(event.pointerId);
  byKeys = false;
  begin(at(event));
});
above.addEventListener("pointermove", (event) => {
  cursor = at(event);
  byKeys = false;
  if (stroke) {
    stroke.points.push(cursor);
    redraw();
  }
  aim();
});
above.addEventListener("pointerup", finish);
above.addEventListener("pointercancel", finish);
above.addEventListener("pointerleave", () => { cursor = null; aim(); });
above.addEventListener("blur", () => { finish(); cursor = null; aim(); });
above.addEventListener("keydown", (event) => {
  const far = (event.shiftKey ? 0.1 : 0.02) * Math.min(layer.width, layer.height);
  const steps = { ArrowLeft: [-far, 0], ArrowRight: [far, 0], ArrowUp: [0, -far], ArrowDown: [0, far] };
  if (event.key in steps) {
    cursor = cursor || [layer.width / 2, layer.height / 2];
    cursor = [cursor[0] + steps[event.key][0], cursor[1] + steps[event.key][1]].map((v, i) => Math.min(Math.max(v, 0), i ? layer.height : layer.width));
    if (stroke) stroke.points.push(cursor);
  } else if (event.key === " " || event.key === "Enter") {
    cursor = cursor || [layer.width / 2, layer.height / 2];
    if (stroke) finish();
    else begin(cursor);
  } else if (event.key === "Escape" && stroke) stroke = null;
  else if (event.key.toLowerCase() === "z" && (event.ctrlKey || event.metaKey)) undo.click();
  else return;
  event.preventDefault();
  byKeys = true;
  redraw();
  aim();
});
size.addEventListener("input", aim);
const tell = () => {
  where.textContent = fill(texts.where, { frame: scrub.value, last: scrub.max, time: (scrub.value / props.scene.rate).toFixed(1) });
  scrub.setAttribute("aria-valuetext", where.textContent);
};
scrub.addEventListener("input", () => {
  tell();
  trigger("select", { frame: Number(scrub.value) });
});

const list = () => {
  const frames = props.keyframes || [];
  chips.replaceChildren(...frames.map((frame) => make("li", { class: frame === props.scene.frame ? "chip is-here" : "chip" },
    make("button", { type: "button", onclick: () => trigger("submit", { action: "go", frame }) }, fill(texts.frame, { frame })),
    make("button", { type: "button", class: "chip-drop", "aria-label": fill(texts.drop, { frame }), onclick: () => trigger("submit", { action: "drop", frame }) }, "×"))));
  said.textContent = frames.length > 1 ? texts.several : "";
  said.hidden = frames.length < 2;
  help.hidden = !props.scene.picture || frames.length > 1;
};
let shown = null;
const show = () => {
  const scene = props.scene || {};
  const held = Boolean(scene.picture);
  for (const node of [bar, stage, keep, exact]) node.hidden = !held;
  film.hidden = !held || scene.frames < 2;
  empty.hidden = held;
  if (!held || scene.sequence === shown) return list();
  const fresh = shown === null;
  shown = scene.sequence;
  if (layer.width !== scene.width || layer.height !== scene.height)
    for (const canvas of [layer, above]) [canvas.width, canvas.height] = [scene.width, scene.height];
  picture.src = scene.picture;
  scrub.max = String(scene.frames - 1);
  if (document.activeElement !== scrub || scene.reset) scrub.value = String(scene.frame);
  tell();
  picture.alt = fill(texts.picture, { frame: scene.frame });
  let mask = scene.mask;
  if (fresh && !mask && props.value && props.value.mask) mask = props.value.mask;
  if (fresh && scene.reset && !mask) {
    const left = JSON.parse(sessionStorage.getItem(STORE) || "null");
    if (left && left.video === scene.video) mask = left.mask;
  }
  if (scene.reset || mask) [drawn, base] = [[], null];
  changed = Boolean(mask) && !scene.mask;
  if (mask) load(mask, (image) => { base = image; settle(); });
  else settle();
  return list();
};
undo.disabled = clear.disabled = keep.disabled = true;
show();
watch("scene", show);
watch("keyframes", list);
