// Elements and words. Only elements and text are made, never markup, so that a file's name is never run.
const WORDS = JSON.parse(document.getElementById("words").textContent);
export const language = document.documentElement.lang;

export const text = (key, values = {}) =>
  (WORDS[key] ?? key).replace(/\{(\w+)\}/g, (hole, name) => (name in values ? values[name] : hole));
export const textOr = (key, other) => WORDS[key] ?? other;

export const make = (tag, attributes = {}, ...children) => {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "value" || typeof value === "boolean") element[name] = value;
    else if (value !== null && value !== undefined) element.setAttribute(name, value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined && child !== ""));
  return element;
};

const SVG = "http://www.w3.org/2000/svg";
export const draw = (tag, attributes, ...children) => {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
};
export const icon = (path) =>
  draw("svg", { viewBox: "0 0 24 24", class: "icon", "aria-hidden": "true" }, draw("path", { d: path }));

export const ICONS = {
  video: "M3 6h12v12H3zM15 10l6-3v10l-6-3",
  sound: "M4 10v4M8 7v10M12 4v16M16 8v8M20 10v4",
  play: "M8 5v14l11-7z",
  pause: "M8 5v14M16 5v14",
  undo: "M9 14 4 9l5-5M4 9h10a6 6 0 0 1 0 12h-3",
  clear: "M5 7h14M10 7V4h4v3M7 7l1 13h8l1-13",
  brush: "M4 20c3 0 4-1.5 4-3.5a2.5 2.5 0 0 0-5 0C3 18 2.5 19 2 19.5 2.6 19.8 3.3 20 4 20zM9 14 19 3l2 2-10 11z",
  eraser: "M9 20 3 14 13 4l7 7-9 9zM6.5 10.5l7 7M9 20h11",
  box: "M4 6h16v12H4z",
  ellipse: "M12 6c5 0 9 2.7 9 6s-4 6-9 6-9-2.7-9-6 4-6 9-6z",
  whole: "M4 9V4h5M15 4h5v5M20 15v5h-5M9 20H4v-5",
  follow: "M4 12h11M11 8l4 4-4 4M19 5v14",
  key: "M12 4l7 8-7 8-7-8z",
  download: "M12 4v11M7 11l5 5 5-5M5 20h14",
  recipe: "M6 3h9l4 4v14H6zM14 3v5h5M9 13h7M9 17h7",
  rename: "M4 20h4L19 9l-4-4L4 16zM13 7l4 4",
  record: "M12 4a3 3 0 0 1 3 3v5a3 3 0 0 1-6 0V7a3 3 0 0 1 3-3zM6 12a6 6 0 0 0 12 0M12 18v3",
  loop: "M17 3l3 3-3 3M4 11V9a3 3 0 0 1 3-3h13M7 21l-3-3 3-3M20 13v2a3 3 0 0 1-3 3H4",
  close: "M6 6l12 12M18 6 6 18",
};
// A small picture of each sound that the models know.
const SOUNDS = {
  fire: "M12 3c1 4 5 5.500 5 11a5 5 0 0 1-10 0c0-2.500 1.500-3.500 2-6 1.500 1 2 2 2 3.500C12.500 9.500 13 6 12 3z",
  explosion: "M12 2l2 6 6-3-3 6 6 2-6 2 3 6-6-3-2 5-2-5-6 3 3-6-6-2 6-2-3-6 6 3z",
  thunderstorm: "M7 13a4 4 0 1 1 1-7.900A5 5 0 0 1 17 7a3 3 0 0 1 0 6M13 10l-3 5h4l-3 6",
  rain: "M7 13a4 4 0 1 1 1-7.900A5 5 0 0 1 17 7a3 3 0 0 1 0 6zM8 16l-1 4M12.500 16l-1 4M17 16l-1 4",
  sea: "M2 10c3 0 3-3 6-3s3 3 6 3 3-3 6-3h2M2 16c3 0 3-3 6-3s3 3 6 3 3-3 6-3h2",
  river: "M9 3c-4 4 4 6 0 10s1 6-1 8M15 3c-4 4 4 6 0 10s1 6-1 8",
  snow_wind: "M12 3v18M4 7.500l16 9M20 7.500l-16 9M9 4.500l3 2.500 3-2.500M9 19.500l3-2.500 3 2.500",
  underwater: "M8 18a3 3 0 1 0 0-6 3 3 0 0 0 0 6zM16 11a2.500 2.500 0 1 0 0-5 2.500 2.500 0 0 0 0 5zM17 20a1.500 1.500 0 1 0 0-3 1.500 1.500 0 0 0 0 3z",
};
export const soundIcon = (name) => icon(SOUNDS[name] ?? ICONS.sound);
export const soundName = (name) => textOr(`class.${name}`, name);

export const seconds = (value) => `${value.toFixed(1)} ${text("unit.seconds")}`;
export const duration = (value) =>
  value < 90
    ? text("about.seconds", { count: Math.max(1, Math.round(value)) })
    : text("about.minutes", { count: Math.round(value / 60) });
export const debounce = (work, wait) => {
  let timer = 0;
  return (...given) => {
    clearTimeout(timer);
    timer = setTimeout(() => work(...given), wait);
  };
};
