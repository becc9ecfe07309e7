import { run } from "./run.mjs";

postMessage(await run());
