import "./start_browser.js";

export * from "../index.js";
