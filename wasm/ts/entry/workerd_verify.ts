import "./start_workerd.js";

export * from "../verify.js";
