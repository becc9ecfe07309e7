"use client";

import { useEffect, useState } from "react";
import { decodeUnverified } from "tokenmint/verify";

export default function Client() {
  const [subject, setSubject] = useState("nobody");
  useEffect(() => {
    fetch("/edge")
      .then((response) => response.json())
      .then(({ token }) => setSubject(decodeUnverified(token).claims.sub));
  }, []);
  return <b>{subject}</b>;
}
