import { cleanup } from "@testing-library/react";
import { afterEach } from "vitest";

// Vitest runs without globals, so the library does not find the hook to clean up by itself.
afterEach(() => {
  cleanup();
});

// jsdom lays nothing out: without a height a virtual table shows no rows.
Object.defineProperty(HTMLElement.prototype, "offsetHeight", { configurable: true, get: () => 480 });
Object.defineProperty(HTMLElement.prototype, "offsetWidth", { configurable: true, get: () => 800 });
Object.defineProperty(HTMLElement.prototype, "clientHeight", { configurable: true, get: () => 480 });
Object.defineProperty(HTMLElement.prototype, "clientWidth", { configurable: true, get: () => 800 });
