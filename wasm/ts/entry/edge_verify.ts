import "./start_edge.js";

export * from "../verify.js";
