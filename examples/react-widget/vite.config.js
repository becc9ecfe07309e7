import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

// tokenmint is ready when it is imported: that takes top-level await.
export default defineConfig({ plugins: [react()], build: { target: "es2022" } });
