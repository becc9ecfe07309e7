import { type Dialect, post, type Step, single } from "./story.ts";

const PAIR = { api_key_id: "2khK02ZRc_TE9nYJyGIfIQ", api_key_secret: "jI0X2n55EHnNaZasmzfOL36wXx6b4D7Wmw-riZCeGWE" };
const HEADERS = ["X-Ledger-API-Key: YOUR_API_KEY"];
const OPEN: Step = { title: "Open a session", as: "first", status: 200, why: "An access token for five minutes, and a refresh token for the next one.", ask: post("/auth/token", HEADERS, PAIR) };

function refresh(token: string): ReturnType<typeof post> {
  return post("/auth/token/refresh", HEADERS, { refresh_token: token });
}

export const ledger: Dialect = {
  id: "ledger",
  name: "Ledger",
  about: "An API key opens a session; its refresh token is changed for a new one at each use. A used one in other hands ends the session.",
  stories: [
    single("Open a session", "An access token signed by RS256, and a refresh token.", 200, post("/auth/token", HEADERS, PAIR)),
    single("A wrong secret", "Every 401 has the same body: which half was wrong is nobody's business.", 401, post("/auth/token", HEADERS, { ...PAIR, api_key_secret: "wrong" })),
    {
      title: "Refresh and replay",
      about: "A refresh token is used twice: once because an answer was lost, once because somebody has a copy.",
      steps: [
        OPEN,
        { title: "Refresh it", as: "second", status: 200, why: "A new pair of the same session.", ask: refresh("{{first.refresh_token}}") },
        {
          title: "The same again, at once",
          status: 200,
          why: "Within ten seconds: the first answer may have been lost. The same successor comes again.",
          ask: refresh("{{first.refresh_token}}"),
        },
        { title: "Half a minute passes", wait: 30 },
        {
          title: "The same once more",
          status: 401,
          why: "Now it is a copy in other hands. The session ends: look at the events.",
          ask: refresh("{{first.refresh_token}}"),
        },
        { title: "The newest token", status: 401, why: "It was good a minute ago. Its session is over, for both of them.", ask: refresh("{{second.refresh_token}}") },
      ],
    },
    {
      title: "A session nobody uses",
      about: "Without a refresh a session lives for half an hour.",
      steps: [
        OPEN,
        { title: "Half an hour passes", wait: 1800 },
        { title: "Refresh it", status: 401, why: "Too late. Open another session.", ask: refresh("{{first.refresh_token}}") },
      ],
    },
  ],
};
