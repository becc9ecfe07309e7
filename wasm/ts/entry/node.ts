import "./start_node.js";

export * from "../index.js";
