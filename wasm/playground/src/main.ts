// The page: three tools over one package, each with a clock of its own. Nothing here sends a request or stores a thing.

import { startClockBar } from "./clock-bar.ts";
import { endpointsPanel } from "./endpoints/panel.ts";
import type { Case } from "./inspect/examples.ts";
import { inspectPanel } from "./inspect/panel.ts";
import { mintPanel } from "./mint/panel.ts";
import { PageClock } from "./shared/clock.ts";
import { byId } from "./shared/dom.ts";
import { startTabs } from "./tabs.ts";
import { startTheme } from "./theme.ts";

startTheme();
const clocks = { inspect: new PageClock(), mint: new PageClock(), endpoints: new PageClock() };
const showClock = startClockBar(Object.values(clocks));
const show = startTabs((name) => showClock(clocks[name]));

const load = inspectPanel(byId("panel-inspect"), clocks.inspect);
function inspect(given: Case): void {
  load(given);
  show("inspect");
}
mintPanel(byId("panel-mint"), clocks.mint, inspect);
endpointsPanel(byId("panel-endpoints"), clocks.endpoints, inspect);
document.documentElement.dataset["ready"] = "true";
