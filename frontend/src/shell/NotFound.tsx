import { Link } from "wouter";
import { Empty } from "../ui/Empty";

/** The address leads to no page. */
export function NotFound() {
  return (
    <Empty title="There is no page at this address" action={<Link href="/">Go to the market</Link>}>
      <code>{location.pathname}</code> may be mistyped, or the page has moved.
    </Empty>
  );
}
