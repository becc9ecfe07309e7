import { parentPort } from "node:worker_threads";

import { pair } from "./fixtures.mjs";

const { issuer } = pair();
parentPort.postMessage(Array.from({ length: 200 }, (_, number) => issuer.mintSync({ sub: `s${number}` }, "1h")));
