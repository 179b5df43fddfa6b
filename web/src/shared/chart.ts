// A large chart. It comes in a file of its own, /ui/shared/chart.js, which a page
// loads when it shows one: import("/ui/shared/chart.js").

export { default } from "uplot";
