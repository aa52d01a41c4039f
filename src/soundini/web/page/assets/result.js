// What became of an edit: how far it is, then source and edit in one picture with a wipe between them.
const { texts } = props;
const root = element.querySelector(".result");
let shown = "";
let live = {};

const act = (action) => () => trigger("submit", { action, job: props.value.job });
const button = (action, look = "quiet") => make("button", { type: "button", class: look, onclick: act(action) }, texts[action]);

const nothing = () => {
  const steps = [texts.first, texts.second, texts.third].map((words) => make("li", {}, words));
  root.replaceChildren(make("div", { class: "welcome" },
    icon("M3 12h3l2-7 3 14 3-10 2 5h5"), make("p", { class: "welcome-title" }, texts.welcome), make("ol", {}, ...steps)));
};

const working = (value) => {
  live = {
    picture: make("img", { class: "live", alt: texts.live, hidden: true }),
    blank: make("div", { class: "live blank" }, make("span", {}, texts.soon)),
    bar: make("progress", { max: 1, "aria-label": texts.progress }),
    words: make("p", { class: "progress-words", role: "status" }),
    losses: make("dl", { class: "losses" }),
  };
  root.replaceChildren(live.picture, live.blank, live.bar, live.words, make("div", { class: "row" }, button("cancel")), live.losses);
  progress(value);
};
const progress = (value) => {
  live.picture.hidden = !value.preview;
  live.blank.hidden = Boolean(value.preview);
  if (value.preview) live.picture.src = value.preview;
  if (value.fraction === null) live.bar.removeAttribute("value");
  else live.bar.value = value.fraction;
  live.words.textContent = value.detail;
  live.losses.replaceChildren(...value.losses.flatMap(([name, amount]) => [make("div", {}, make("dt", {}, name), make("dd", {}, amount))]));
};

const resting = (value) => {
  root.replaceChildren(
    make("p", { class: value.state === "failed" ? "problem" : "notice" }, value.detail),
    make("div", { class: "row" }, button("resume", "strong"), button("restore"), button("delete")));
};

const player = (value) => {
  const source = make("video", { src: `${value.source}?view=true`, muted: true, playsinline: true, preload: "auto", loop: true, "aria-label": texts.source });
  const edited = make("video", { src: `${value.video}?view=true`, playsinline: true, preload: "auto", loop: true, class: "edited", "aria-label": texts.edited });
  source.muted = true;
  const line = make("div", { class: "wipe-line", "aria-hidden": "true" });
  const wipe = make("input", { type: "range", class: "wipe", min: "0", max: "100", step: "1", value: "50", "aria-label": texts.wipe });
  const screen = make("div", { class: "screen" }, source, edited, line, make("span", { class: "tag of-source" }, texts.source), make("span", { class: "tag of-edit" }, texts.edited), wipe);
  const cut = () => screen.style.setProperty("--cut", `${wipe.value}%`);
  wipe.addEventListener("input", cut);
  cut();
  const problem = make("p", { class: "problem", role: "alert", hidden: true }, texts.unplayable);
  for (const video of [source, edited]) video.addEventListener("error", () => (problem.hidden = false));
  if (value.still) return [screen, problem];

  const play = make("button", { type: "button", class: "quiet play", "aria-label": texts.play, "aria-pressed": "false" }, icon("M7 4v16l13-8z"));
  const seek = make("input", { type: "range", class: "seek", min: "0", max: "1", step: "any", value: "0", "aria-label": texts.seek });
  const clock = make("span", { class: "clock" });
  const heard = [[texts.edited, edited], [texts.source, source], [texts.mute, null]];
  const sound = make("select", { "aria-label": texts.sound }, ...heard.map(([words], i) => make("option", { value: i }, words)));
  const follow = () => {
    const gap = edited.currentTime - source.currentTime;
    if (Math.abs(gap) > 0.06) source.currentTime = edited.currentTime;
    if (document.activeElement !== seek || !edited.paused) seek.value = edited.duration ? edited.currentTime / edited.duration : 0;
    clock.textContent = `${seconds(edited.currentTime)} / ${seconds(edited.duration)}`;
    if (!edited.paused && root.contains(edited)) requestAnimationFrame(follow);
  };
  const turn = () => {
    play.setAttribute("aria-pressed", String(!edited.paused));
    play.setAttribute("aria-label", edited.paused ? texts.play : texts.pause);
    play.replaceChildren(icon(edited.paused ? "M7 4v16l13-8z" : "M7 4h4v16H7zM14 4h4v16h-4z"));
  };
  play.addEventListener("click", () => (edited.paused ? edited.play() : edited.pause()));
  edited.addEventListener("play", () => { source.play(); turn(); follow(); });
  edited.addEventListener("pause", () => { source.pause(); turn(); follow(); });
  edited.addEventListener("seeked", follow);
  edited.addEventListener("loadedmetadata", follow);
  seek.addEventListener("input", () => { if (edited.duration) edited.currentTime = Math.min(seek.value, 0.9999) * edited.duration; });
  sound.addEventListener("change", () => { for (const video of [source, edited]) video.muted = video !== heard[sound.value][1]; });
  return [screen, make("div", { class: "transport" }, play, seek, clock, make("span", { class: "heard-of" }, icon("M4 9v6h4l5 4V5L8 9zM16 9a4 4 0 0 1 0 6"), sound)), problem];
};

const done = (value) => {
  const download = (url, words, look) => make("a", { href: url, download: "", class: `button ${look}` }, words);
  root.replaceChildren(
    ...player(value),
    make("div", { class: "row" }, download(`${value.video}?download=true`, texts.download, "strong"), download(value.recipe, texts.recipe, "quiet")),
    make("dl", { class: "summary" }, ...value.summary.map(([name, amount, note]) => make("div", {}, make("dt", {}, name), make("dd", {}, amount), make("dd", { class: "note" }, note)))),
    value.warnings.length ? make("ul", { class: "warnings" }, ...value.warnings.map((words) => make("li", {}, words))) : "",
    make("div", { class: "again" }, make("span", {}, texts.again), ...["chance", "stronger", "weaker", "restore"].map((action) => button(action))));
};

const show = () => {
  const value = props.value || {};
  const state = `${value.job} ${value.state}`;
  root.setAttribute("aria-busy", String(["queued", "running"].includes(value.state)));
  if (state === shown) return ["queued", "running"].includes(value.state) ? progress(value) : undefined;
  const [before] = shown.split(" ");
  shown = state;
  if (!value.job) return nothing();
  if (value.state === "done") return done(value);
  if (["queued", "running"].includes(value.state)) {
    if (before === value.job && live.bar && root.contains(live.bar)) return progress(value);
    return working(value);
  }
  return resting(value);
};
show();
watch("value", show);
