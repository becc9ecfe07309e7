import { ledger } from "./ledger.ts";
import { mercoa } from "./mercoa.ts";
import { merge } from "./merge.ts";
import { monite } from "./monite.ts";
import { shared } from "./shared.ts";
import type { Dialect } from "./story.ts";

export const DIALECTS: readonly Dialect[] = [mercoa, monite, ledger, merge, shared];
