// A story: requests in their order, each with what is to be expected and why.

export interface Ask {
  readonly method: string;
  readonly target: string;
  readonly headers: readonly string[];
  readonly body?: string;
}

export interface Step {
  readonly title: string;
  /** Either a request… */
  readonly ask?: Ask;
  /** …or seconds that pass. */
  readonly wait?: number;
  /** The status that the answer has. */
  readonly status?: number;
  /** Why it is so. */
  readonly why?: string;
  /** Later steps can name this answer's members: `{{first.refresh_token}}`. */
  readonly as?: string;
}

export interface Story {
  readonly title: string;
  readonly about: string;
  readonly steps: readonly Step[];
}

export interface Dialect {
  readonly id: string;
  readonly name: string;
  readonly about: string;
  readonly stories: readonly Story[];
}

const JSON_TYPE = "Content-Type: application/json";

export function post(target: string, headers: readonly string[], body?: object | string): Ask {
  const text = typeof body === "object" ? JSON.stringify(body, null, 2) : body;
  return { method: "POST", target, headers: typeof body === "object" ? [...headers, JSON_TYPE] : headers, ...(text === undefined ? {} : { body: text }) };
}

export function get(target: string, headers: readonly string[] = []): Ask {
  return { method: "GET", target, headers };
}

/** A story of one request. */
export function single(title: string, about: string, status: number, ask: Ask): Story {
  return { title, about, steps: [{ title, ask, status, why: about }] };
}

export function introspect(authorization: string, token: string): Ask {
  return post("/introspect", [`Authorization: ${authorization}`, "Content-Type: application/x-www-form-urlencoded"], `token=${token}`);
}
