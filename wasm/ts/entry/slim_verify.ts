export { init } from "./slim_init.js";
export * from "../verify.js";
