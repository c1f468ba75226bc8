import { Panel } from "../../ui/Panel";

/** Says what the pages are built with, and gives credit where a licence asks for it. */
export default function About() {
  return (
    <>
      <Panel title="Groat">
        <p>
          Groat is free software under the Apache License 2.0. What it shows is not investment advice; every number
          says where it came from and when it was known.
        </p>
      </Panel>
      <Panel title="Charts">
        <p>
          Charts by TradingView Lightweight Charts™, Copyright (c) 2025{" "}
          <a href="https://www.tradingview.com/" rel="noreferrer">
            TradingView, Inc.
          </a>
          , under the Apache License 2.0.
        </p>
      </Panel>
    </>
  );
}
