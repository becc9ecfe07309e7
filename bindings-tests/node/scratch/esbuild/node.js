import { work } from "./work.js";

work().then((found) => console.log(JSON.stringify(found)));
