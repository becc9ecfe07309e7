import "./start_browser.js";

export * from "../verify.js";
