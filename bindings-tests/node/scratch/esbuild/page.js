import { work } from "./work.js";

globalThis.result = { page: await work() };
