import { useEffect, useMemo, useState } from "react";
import { RemoteKeySet, TokenmintError, Verifier } from "tokenmint/remote";

/** What each page of the widget shows. The API checks the token itself: here it only decides what is worth showing. */
const PAGES = { invoices: "Invoices", paymentMethods: "Payment methods", vendors: "Vendors" };

/** A widget that shows what its token allows. The issuer's public keys are fetched once, and kept for a while. */
export function Widget({ token, issuer }) {
  const verifier = useMemo(() => {
    const keys = new RemoteKeySet({ [issuer]: `${issuer}/.well-known/jwks.json` });
    return new Verifier(keys, { issuer, audience: "widget" });
  }, [issuer]);
  const { claims, error } = useClaims(verifier, token);

  if (error) return <p role="alert">{messageOf(error)}</p>;
  if (!claims) return <p>One moment ...</p>;
  const allowed = Object.keys(PAGES).filter((page) => claims.pages?.includes(page));
  return (
    <section>
      <h1>{claims.sub}</h1>
      {allowed.length === 0 && <p>Nothing is shared with you yet.</p>}
      <nav>
        <ul>
          {allowed.map((page) => (
            <li key={page}>
              <a href={`/${page}`}>{PAGES[page]}</a>
            </li>
          ))}
        </ul>
      </nav>
    </section>
  );
}

/** The claims of a token that is good, or why it is not; and again when it expires. */
function useClaims(verifier, token) {
  const [state, setState] = useState({});
  useEffect(() => {
    let timer;
    let current = true; // an answer for a token that has been replaced is dropped
    const check = () =>
      verifier.verify(token).then(
        (claims) => {
          if (!current) return;
          setState({ claims });
          timer = setTimeout(check, Math.min(Number(claims.exp) * 1000 - Date.now(), 2 ** 31 - 1));
        },
        (error) => current && setState({ error }),
      );
    check();
    return () => {
      current = false;
      clearTimeout(timer);
    };
  }, [verifier, token]);
  return state;
}

function messageOf(error) {
  if (!(error instanceof TokenmintError)) return "Something went wrong.";
  if (error.code === "token_expired") return "Your session has ended.";
  if (error.code === "keys_unavailable") return "The service cannot be reached.";
  return `You cannot see this (${error.code}).`;
}
