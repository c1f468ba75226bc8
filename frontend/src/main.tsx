import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { startLive } from "./api/live";
import { ApiProblem } from "./api/problem";
import { Frame } from "./shell/Frame";
import "./theme.css";

const queries = new QueryClient({
  defaultOptions: {
    queries: {
      // What changes is told by the stream, so nothing is asked again for the sake of a returning window.
      staleTime: 30_000,
      refetchOnWindowFocus: false,
      // A laptop without a network still reaches the Groat that runs on it; else what fails is said, and not waited for.
      networkMode: "always",
      refetchOnReconnect: true,
      retry: (count, error) => count < 2 && (!(error instanceof ApiProblem) || error.status === 0 || error.status >= 500),
    },
    mutations: { networkMode: "always" },
  },
});

startLive(queries);

const root = document.getElementById("root");
if (root) {
  createRoot(root).render(
    <StrictMode>
      <QueryClientProvider client={queries}>
        <Frame />
      </QueryClientProvider>
    </StrictMode>,
  );
}
