// Elements are made one by one: what people name their files is text, never markup.
const make = (tag, attributes = {}, ...children) => {
  const space = ["svg", "path", "circle", "rect", "ellipse"].includes(tag) ? "http://www.w3.org/2000/svg" : null;
  const node = space ? document.createElementNS(space, tag) : document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (value === true) node.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) node.setAttribute(name, value);
  }
  node.append(...children.filter((child) => child !== null && child !== undefined && child !== false));
  return node;
};
const icon = (path) =>
  make("svg", { viewBox: "0 0 24 24", class: "icon", "aria-hidden": "true", focusable: "false" }, make("path", { d: path }));
const fill = (text, values) => text.replace(/\{(\w+)\}/g, (_, name) => values[name]);
const seconds = (time) => {
  const whole = Math.max(0, Number.isFinite(time) ? time : 0);
  return `${Math.floor(whole / 60)}:${String(Math.floor(whole % 60)).padStart(2, "0")}.${Math.floor((whole * 10) % 10)}`;
};
