import { fireEvent, render, screen } from "@testing-library/react";
import { useState } from "react";
import { expect, test, vi } from "vitest";
import { ApiProblem } from "../api/problem";
import { Delta } from "./Delta";
import { Field } from "./Field";
import { Num } from "./Num";
import { Panel } from "./Panel";
import { Problem } from "./Problem";
import { Table } from "./Table";
import { Tabs } from "./Tabs";
import { Treemap } from "./Treemap";
import { Day, When } from "./When";

test("a missing number says why", () => {
  render(<Num value={null} why="No bar that day" />);
  expect(screen.getByTitle("No bar that day").textContent).toContain("No bar that day");
});

test("a change has its arrow and its sign", () => {
  const { container } = render(
    <>
      <Delta value={0.0123} /> <Delta value={-2} unit="USD" /> <Delta value={0} />
    </>,
  );
  expect(container.textContent).toBe("▲\u00a0+1.23\u00a0% ▼\u00a0−2.00\u00a0USD ■\u00a00.00\u00a0%");
});

test("an instant has its zones in the title, a trading day has none", () => {
  render(<When at="2010-05-06T18:45:00Z" />);
  const time = screen.getByText("May 6, 2010, 14:45 EDT");
  expect(time.title.split("\n")[0]).toBe("May 6, 2010, 18:45:00 UTC");
  render(<Day day="2010-05-06" />);
  expect(screen.getByText("May 6, 2010").title).toBe("");
});

test("a panel is named by its title", () => {
  render(<Panel title="Movers">rows</Panel>);
  expect(screen.getByRole("region", { name: "Movers" }).textContent).toContain("rows");
});

test("a problem tells the fields at fault and offers another try", () => {
  const retry = vi.fn();
  const errors = [{ name: "q", where: "query", message: "too short" }];
  const error = new ApiProblem({ status: 400, title: "Bad", detail: "Correct it.", errors });
  render(<Problem error={error} retry={retry} />);
  expect(screen.getByRole("alert").textContent).toContain("q: too short");
  fireEvent.click(screen.getByRole("button", { name: "Try again" }));
  expect(retry).toHaveBeenCalledOnce();
});

test("a refusal for want of a token leads to sign in and back", () => {
  render(<Problem error={new ApiProblem({ status: 401 })} />);
  expect(screen.getByRole("link", { name: "Sign in" }).getAttribute("href")).toBe("/sign-in?back=%2F");
});

test("a field ties its control to its label and error", () => {
  render(<Field label="Symbols" error="Too many">{(ids) => <input {...ids} />}</Field>);
  const input = screen.getByLabelText("Symbols");
  expect(input.getAttribute("aria-invalid")).toBe("true");
  expect(document.getElementById(input.getAttribute("aria-describedby") ?? "")?.textContent).toBe("Too many");
});

function TwoTabs() {
  const [chosen, choose] = useState<"a" | "b">("a");
  return (
    <Tabs label="Views" tabs={[{ key: "a", title: "A" }, { key: "b", title: "B" }]} chosen={chosen} choose={choose}>
      content of {chosen}
    </Tabs>
  );
}

test("arrows move between tabs and around the end", () => {
  render(<TwoTabs />);
  fireEvent.keyDown(screen.getByRole("tab", { name: "A" }), { key: "ArrowRight" });
  expect(screen.getByRole("tabpanel", { name: "B" }).textContent).toBe("content of b");
  expect(document.activeElement?.textContent).toBe("B");
  fireEvent.keyDown(screen.getByRole("tab", { name: "B" }), { key: "ArrowRight" });
  expect(screen.getByRole("tabpanel").textContent).toBe("content of a");
});

test("a table of ten thousand rows keeps few of them in the document, and sorts by its heads", () => {
  const onSort = vi.fn();
  const rows = Array.from({ length: 10_000 }, (_, at) => at);
  const columns = [{ key: "n", title: "Number", cell: (row: number) => row, sortable: true }];
  render(<Table label="Numbers" columns={columns} rows={rows} rowKey={(row) => row} sort={{ key: "n", down: true }} onSort={onSort} />);
  expect(screen.getByRole("table").getAttribute("aria-rowcount")).toBe("10001");
  expect(screen.getAllByRole("row").length).toBeLessThan(60);
  expect(screen.getAllByRole("row").length).toBeGreaterThan(5);
  fireEvent.click(screen.getByRole("button", { name: /Number/ }));
  expect(onSort).toHaveBeenCalledWith({ key: "n", down: false });
});

test("a treemap's boxes say their change in words", () => {
  const items = [{ key: "a", name: "Energy", weight: 2, change: -0.031, href: "/?sector=energy" }, { key: "b", name: "Other", weight: 1, change: null }];
  render(<Treemap label="Sectors" items={items} />);
  expect(screen.getByRole("link", { name: "Energy −3.10\u00a0%" })).toBeTruthy();
  expect(screen.getByText("Other change not known")).toBeTruthy();
});
