import "./start_node.js";

export * from "../verify.js";
