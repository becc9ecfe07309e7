import "./start_sync.js";

export * from "../verify.js";
