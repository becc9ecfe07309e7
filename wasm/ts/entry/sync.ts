import "./start_sync.js";

export * from "../index.js";
