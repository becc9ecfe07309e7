// What the build puts in place.

declare module "#wasm" {
  /** The module with SIMD: base64 of gzip. */
  const base64: string;
  export default base64;
}

declare module "#fallback" {
  /** The module without SIMD: base64 of gzip. */
  const base64: string;
  export default base64;
}

declare module "#plain" {
  /** The module without SIMD: base64 of itself. */
  const base64: string;
  export default base64;
}

declare module "*.wasm?module" {
  const module: WebAssembly.Module;
  export default module;
}

declare module "*.wasm" {
  const module: WebAssembly.Module;
  export default module;
}
