import "./start_edge.js";

export * from "../index.js";
