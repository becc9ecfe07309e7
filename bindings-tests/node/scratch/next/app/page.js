import Client from "./client";

// A server component, and a client component within.
export default function Page() {
  return <Client />;
}
