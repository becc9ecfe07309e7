import { work } from "./work.js";

work().then((found) => postMessage(found));
