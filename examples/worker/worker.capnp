# The worker under workerd: with the module of the package that is for workers, and its WebAssembly.
using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [(name = "main", worker = .worker)],
  sockets = [(name = "http", address = "127.0.0.1:8080", http = (), service = "main")],
);

const worker :Workerd.Worker = (
  compatibilityDate = "2026-11-01",
  modules = [
    (name = "worker.js", esModule = embed "worker.js"),
    (name = "tokenmint", esModule = embed "node_modules/tokenmint/dist/workerd.js"),
    (name = "web.js", esModule = embed "node_modules/tokenmint/dist/web.js"),
    (name = "tokenmint.wasm", wasm = embed "node_modules/tokenmint/dist/tokenmint.wasm"),
  ],
  bindings = [
    (name = "ISSUER", text = "https://api.example.com"),
    (name = "SIGNING_KEY", fromEnvironment = "SIGNING_KEY"),
    (name = "PARTNER_KEY_SHA256", fromEnvironment = "PARTNER_KEY_SHA256"),
  ],
);
