// One line that says what is wrong and what to do; what people named their files stays text.
const words = element.querySelector(".problem");
const show = () => {
  words.textContent = props.value || "";
  words.hidden = !props.value;
};
show();
watch("value", show);
