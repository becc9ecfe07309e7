import "./start_workerd.js";

export * from "../index.js";
