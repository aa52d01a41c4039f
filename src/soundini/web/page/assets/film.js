// The video with its mask drawn on it.
const place = element.querySelector(".film");
const show = () => {
  const video = () => make("video", { src: props.value, controls: true, loop: true, autoplay: true, muted: true, playsinline: true, "aria-label": props.texts.film });
  place.replaceChildren(...(props.value ? [video()] : []));
  place.hidden = !props.value;
};
show();
watch("value", show);
