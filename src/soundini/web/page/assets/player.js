// Source and edit in one picture: a wipe between them, a button that is held to see the source, the sound of either.
import { url } from "./api.js";
import { icon, ICONS, make, seconds, text } from "./dom.js";

const DRIFT = 0.06; // seconds by which the films may be apart

export const player = (job) => {
  const film = (name, address, classes) => make("video", { src: address, playsinline: true, preload: "auto", loop: true, class: classes, "aria-label": text(`result.${name}`) });
  const source = film("source", url.source(job.id), "of-source");
  const edited = film("edited", url.video(job.id), "of-edit");
  source.muted = true;
  const wipe = make("input", { type: "range", class: "wipe", min: "0", max: "100", step: "1", value: 0, "aria-label": text("result.wipe") });
  const screen = make("div", { class: "screen" }, source, edited, make("div", { class: "wipe-line", "aria-hidden": "true" }),
    make("span", { class: "tag left" }, text("result.source")), make("span", { class: "tag right" }, text("result.edited")), wipe);
  const cut = (share) => {
    screen.style.setProperty("--cut", `${share}%`);
    screen.classList.toggle("shows-source", share >= 8);
    screen.classList.toggle("shows-edit", share <= 92);
  };
  wipe.addEventListener("input", () => cut(Number(wipe.value)));
  cut(0);
  edited.addEventListener("loadedmetadata", () => screen.style.setProperty("--ratio", edited.videoWidth / edited.videoHeight));
  const problem = make("p", { class: "problem", role: "alert", hidden: true }, text("result.unplayable"));
  for (const video of [source, edited]) video.addEventListener("error", () => (problem.hidden = !video.isConnected));

  const hold = make("button", { type: "button", class: "small", "aria-pressed": "false", title: text("result.hold"), "aria-label": text("result.hold") }, text("result.source"));
  const held = (on) => {
    hold.setAttribute("aria-pressed", String(on));
    cut(on ? 100 : Number(wipe.value));
  };
  hold.addEventListener("pointerdown", () => held(true));
  for (const end of ["pointerup", "pointercancel", "pointerleave", "blur"]) hold.addEventListener(end, () => held(false));
  hold.addEventListener("keydown", (event) => [" ", "Enter"].includes(event.key) && held(true));
  hold.addEventListener("keyup", () => held(false));
  if (job.summary?.frames === 1) return [screen, make("div", { class: "transport" }, hold), problem];

  const play = make("button", { type: "button", class: "round", "aria-label": text("result.play") }, icon(ICONS.play));
  const seek = make("input", { type: "range", class: "seek", min: "0", max: "1", step: "any", value: 0, "aria-label": text("result.seek") });
  const clock = make("span", { class: "clock" });
  const loop = make("button", { type: "button", class: "small", "aria-pressed": "true", title: text("result.loop"), "aria-label": text("result.loop") }, icon(ICONS.loop));
  const heard = { edited, source, mute: null };
  const sound = make("select", { "aria-label": text("result.sound") }, ...Object.keys(heard).map((name) => make("option", { value: name }, text(`result.${name}`))));
  const follow = () => {
    if (Math.abs(edited.currentTime - source.currentTime) > DRIFT) source.currentTime = edited.currentTime;
    if (document.activeElement !== seek || !edited.paused) seek.value = edited.duration ? edited.currentTime / edited.duration : 0;
    clock.textContent = `${seconds(edited.currentTime)} / ${seconds(edited.duration || 0)}`;
    if (!edited.paused && screen.isConnected) requestAnimationFrame(follow);
  };
  const turn = () => {
    play.setAttribute("aria-label", text(edited.paused ? "result.play" : "result.pause"));
    play.replaceChildren(icon(edited.paused ? ICONS.play : ICONS.pause));
  };
  play.addEventListener("click", () => (edited.paused ? edited.play() : edited.pause()));
  edited.addEventListener("play", () => { source.play().catch(() => {}); turn(); follow(); });
  edited.addEventListener("pause", () => { source.pause(); turn(); follow(); });
  edited.addEventListener("seeked", follow);
  edited.addEventListener("loadedmetadata", follow);
  seek.addEventListener("input", () => { if (edited.duration) edited.currentTime = Math.min(seek.value, 0.9999) * edited.duration; });
  loop.addEventListener("click", () => {
    edited.loop = source.loop = !edited.loop;
    loop.setAttribute("aria-pressed", String(edited.loop));
  });
  sound.addEventListener("change", () => { for (const video of [source, edited]) video.muted = video !== heard[sound.value]; });
  // Where the browser lets nothing sound yet, it plays without.
  edited.addEventListener("canplay", () => edited.play().catch(() => {
    if (!edited.isConnected) return;
    sound.value = "mute";
    edited.muted = true;
    edited.play().catch(() => {});
  }), { once: true });
  return [screen, make("div", { class: "transport" }, play, seek, clock, loop, sound, hold), problem];
};
