import { createRequire } from 'node:module'; export const {  } = createRequire(import.meta.url)('./node.cjs');
