// A program that says itself where the module is.
import { init, Key } from "tokenmint/slim";
import { init as initNarrow } from "tokenmint/verify/slim";

export const ready: Promise<void> = init(new Uint8Array(8)).then(() => initNarrow(fetch("https://a.example/tokenmint.wasm")));
export const key: Key = Key.hmac("secret");
