import { fileURLToPath } from "node:url";

// Next.js itself stands in the folder of the tests: both are within the repository.
const root = fileURLToPath(new URL("../../..", import.meta.url));

export default { outputFileTracingRoot: root, turbopack: { root } };
