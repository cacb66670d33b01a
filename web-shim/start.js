import init from "./js.js";

await init();
