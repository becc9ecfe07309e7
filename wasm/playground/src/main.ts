// The page: three tools over one package and one clock. Nothing here sends a request or stores a thing.

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
const show = startTabs();
const clock = new PageClock();
startClockBar(clock);

const load = inspectPanel(byId("panel-inspect"), clock);
function inspect(given: Case): void {
  load(given);
  show("inspect");
}
mintPanel(byId("panel-mint"), clock, inspect);
endpointsPanel(byId("panel-endpoints"), clock, inspect);
document.documentElement.dataset["ready"] = "true";
