import { run } from "./run.mjs";

const page = await run();
const worker = await new Promise((resolve, reject) => {
  const worker = new Worker("/browser/worker.mjs", { type: "module" });
  worker.onmessage = ({ data }) => resolve(data);
  worker.onerror = (event) => reject(new Error(event.message));
});
globalThis.result = { page, worker };
